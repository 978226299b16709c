/** What a launch that enters a view has to know of the host, and whether the view is still what the host has. */
import { realpathSync, statSync } from 'node:fs';
import type { Caller } from '../../spec/caller.js';
import type { FoundPath, HostSources, MountFact, Pin, Share } from '../../spec/environment.js';
import type { PinRecord } from '../../spec/records/pin.js';
import { mustReadFor } from '../host/caller.js';
import { factOf } from '../host/directory-fact.js';
import { pathIdentity } from './caller.js';
import { HOST_VIEW } from './host-view.js';
import { parseMountFacts } from './mount-facts.js';
import { pinOf, type ReadyGeneration } from './pins.js';
import { staleShare } from './stale-shares.js';

function find(path: string): (FoundPath & { readonly isDirectory: boolean }) | null {
  try {
    const stat = statSync(path, { bigint: true });
    const real = realpathSync.native(path);
    const born = String(stat.birthtimeNs);
    return { ...factOf(stat.dev, stat.ino), path: real, born, isDirectory: stat.isDirectory() };
  } catch {
    return null;
  }
}

/** By the path inside; with where it is on the host, if that is another place. */
function findAll(paths: readonly (string | Share)[], directories: boolean): ReadonlyMap<string, FoundPath> {
  return new Map(
    paths.flatMap((one): [string, FoundPath][] => {
      const { path, from = path }: Pick<Share, 'path' | 'from'> =
        typeof one === 'string' ? { path: one } : one;
      const found = find(from);
      if (found === null || (directories && !found.isDirectory)) return [];
      const { isDirectory: _, ...fact } = found;
      return [[path, fact]];
    }),
  );
}

/** `binds`: sources of binds that may be left out, for which only directories count. */
export function hostSources(binds: readonly string[], shares: readonly Share[], caller: Caller): HostSources {
  return {
    mounts: parseMountFacts(mustReadFor(caller)('/proc/self/mountinfo')),
    directories: findAll(binds, true),
    shares: findAll([...HOST_VIEW, ...shares], false),
  };
}

export type SeenPin =
  | { readonly kind: 'fresh'; readonly pin: Pin }
  /** It shows something else than the host has by now; `why` goes before "since NAME was prepared". */
  | { readonly kind: 'stale'; readonly why: string };

/** A generation, as it is to be used by whoever sees the host as `sources` tell. */
export function seePin(generation: ReadyGeneration, sources: HostSources): SeenPin {
  const pin = pinOf(generation, sources.mounts);
  if (pin === 'unmounted') return { kind: 'stale', why: 'its pin was unmounted' };
  if (pin === 'incomplete') return { kind: 'stale', why: 'files of it were taken away' };
  const why = whyStale(sources, generation.record, pin.mounts, pin.late);
  return why === null ? { kind: 'fresh', pin } : { kind: 'stale', why };
}

export function whyStale(
  { mounts, shares: found }: HostSources,
  { path: tree, shares, points = {} }: Pick<PinRecord, 'path' | 'shares' | 'points'>,
  viewMounts: readonly MountFact[],
  late: readonly number[] | null,
): string | null {
  const pointsNow = new Map(Object.keys(points).map(point => [point, pathIdentity(tree + point)]));
  const stale = staleShare({
    shares,
    found,
    hostMounts: mounts,
    late,
    viewMounts,
    points,
    pointsNow,
  });
  if (stale === null) return null;
  const { path } = stale;
  switch (stale.why) {
    case 'mounted-anew':
      return `the host has mounted ${path} anew`;
    case 'other-directory':
      return `${path} has come to be another directory`;
    case 'not-live':
      return `the host's mount of ${path} is no longer the one that is followed`;
    case 'options':
      return `the host has changed the mount options of ${path}`;
    case 'below':
      return `the host has changed what is mounted below ${path}`;
    case 'mount-point':
      return `${path} in the tree, on which something is mounted, was replaced`;
    case 'hidden':
      return `the host has hidden ${path}`;
  }
}
