/** What is at the place of the skeleton on this host: nothing, ours, or somebody else's. */
import { readdirSync } from 'node:fs';
import type { Caller } from '../../spec/caller.js';
import {
  CARRIER_SOURCE,
  type DirectoryFact,
  type MountFact,
  SKELETON_SOURCE,
} from '../../spec/environment.js';
import { mustReadFor } from '../host/caller.js';
import { type CallerView, directoryFact } from './caller.js';
import { mountsInside } from './choose-kmod.js';
import { parseMountFacts } from './mount-facts.js';
import type { ActualSkeleton } from './skeleton-deviations.js';
import { treeView } from './tree-directory.js';

export type SkeletonPlace =
  /** Free: no directory, or an empty one. `leftovers`: mounts of a command that was killed. */
  | { readonly kind: 'free'; readonly leftovers: number }
  | { readonly kind: 'skeleton'; readonly root: DirectoryFact; readonly mounts: number }
  | { readonly kind: 'taken'; readonly why: 'mounted' | 'not-empty' | 'not-a-directory' };

/** Sources of the mounts on a path, the last on top: each stands on the one before, whatever the order of their lines is. */
export function sourcesAt(mountinfo: string, path: string): readonly string[] {
  const at = mountinfo.split('\n').flatMap(line => {
    const [left = '', right = ''] = line.split(' - ');
    const [id = '', parent = '', , , point] = left.split(' ');
    return point === path ? [{ id, parent, source: right.split(' ')[1] ?? '' }] : [];
  });
  const sources: string[] = [];
  let next = at.find(one => !at.some(other => other.id === one.parent));
  while (next !== undefined) {
    const { id, source } = next;
    sources.push(source);
    next = at.find(one => one.parent === id);
  }
  return sources;
}

/** The mounts of ours that cover the path, from the top down. */
export function ownMounts(sources: readonly string[]): number {
  const foreign = sources.findLastIndex(source => source !== SKELETON_SOURCE && source !== CARRIER_SOURCE);
  return sources.length - 1 - foreign;
}

export interface HostReading {
  /** Root of the machine, where it is not ours. */
  readonly prefix: string;
  readonly mountinfo: string;
  readonly mounts: readonly MountFact[];
}

export function readHost(
  view: Exclude<CallerView, { readonly kind: 'unknown' }>,
  caller: Caller,
): HostReading {
  const prefix = view.kind === 'other' ? view.prefix : '';
  const mountinfo = mustReadFor(caller)(prefix === '' ? '/proc/self/mountinfo' : '/proc/1/mountinfo');
  return { prefix, mountinfo, mounts: parseMountFacts(mountinfo) };
}

export function lookAtPlace({ prefix, mountinfo }: HostReading, path: string): SkeletonPlace {
  const sources = sourcesAt(mountinfo, path);
  const own = ownMounts(sources);
  if (sources.at(-1) === SKELETON_SOURCE) {
    const root = directoryFact(prefix + path);
    return root === null
      ? { kind: 'taken', why: 'not-a-directory' }
      : { kind: 'skeleton', root, mounts: own };
  }
  if (sources.length > own) return { kind: 'taken', why: 'mounted' };
  try {
    return readdirSync(prefix + path).length > 0
      ? { kind: 'taken', why: 'not-empty' }
      : { kind: 'free', leftovers: own };
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return missing ? { kind: 'free', leftovers: 0 } : { kind: 'taken', why: 'not-a-directory' };
  }
}

export function actualSkeleton({ prefix, mounts }: HostReading, path: string): ActualSkeleton {
  return { ...treeView(prefix + path), mounts: mountsInside(path, mounts) };
}

/** Real directories of a skeleton that are no mount points, outermost first. */
export function ownDirectories(actual: ActualSkeleton): readonly string[] {
  const points = new Set(actual.mounts.map(mount => mount.point));
  const below = (directory: string): readonly string[] =>
    actual
      .list(directory)
      .map(name => `${directory === '/' ? '' : directory}/${name}`)
      .filter(path => !points.has(path) && actual.entry(path)?.kind === 'directory')
      .flatMap(path => [path, ...below(path)]);
  return below('/');
}
