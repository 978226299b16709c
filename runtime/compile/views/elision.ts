/**
 * Elision (docs/architecture.md): a bind that config.json asks for is left out if the environment shows provably the same mount there already. What
 * cannot be proved is mounted. Here the proof is made of facts, at compile time; the program makes it again (elision-proof.ts).
 */

import type { Environment, MountFact, Pin } from '../../../spec/environment.js';
import { isWithin, type MountMap, mountMap } from '../../../spec/mount-map.js';
import type { BindMount, FilesystemMount } from '../../../spec/normal-mount.js';
import type { Launch } from '../launch/launch.js';
import {
  attributesDiffer,
  type BelowPair,
  compareBelow,
  MOST,
  rooted,
  type Sides,
  type WhyMounted,
} from './elision-below.js';
import { hasStatmount } from './elision-proof.js';

export interface Elided {
  readonly kind: 'elided';
  readonly source: MountFact | null;
  readonly destination: MountFact;
  /** The mounts below, on both sides. */
  readonly below: readonly BelowPair[];
  /** Of the mounts below the one at the destination, those whose unique id is above `last` are `known` many. */
  readonly last: number;
  readonly known: number;
}

export type Verdict = Elided | { readonly kind: 'mounted'; readonly why: WhyMounted };

/** The mounts of a view: of a generation as it was prepared, or of the skeleton as they are at this moment. */
export type View = Pick<Pin, 'mounts'> & Partial<Pick<Pin, 'name' | 'late' | 'mark'>>;

const mounted = (why: WhyMounted | WhyMounted['kind']): Verdict => ({
  kind: 'mounted',
  why: typeof why === 'string' ? { kind: why } : why,
});

/** By what the program tells that something has been mounted below a mount since; or why it could not. */
function counted(
  { facts }: Launch,
  destination: MountFact,
  view: MountMap,
  { mark }: View,
): Pick<Elided, 'last' | 'known'> | WhyMounted['kind'] {
  if (mark === 0 && hasStatmount(facts)) return 'view-of-earlier-version';
  if (mark !== undefined) return { last: mark, known: 0 };
  const known = view.descendants(destination).length;
  return known > MOST ? 'too-many-below' : { last: 0, known };
}

function optionsForbid(m: BindMount, launch: Launch): WhyMounted['kind'] | null {
  const propagation = m.propagation?.kind;
  if (propagation === 'shared') return 'shared-asked';
  if (propagation === 'unbindable') return 'unbindable-asked';
  if (propagation === 'private' && launch.environment?.strict) return 'private-asked';
  if (m.data.length > 0 || m.copyUp) return 'data';
  if (m.links.source !== 'followed' || m.links.destination !== 'followed') return 'data';
  if (m.idMap !== null) return 'idmapped';
  if (launch.config.linux.mountLabel !== null) return 'label';
  return launch.namespaces.has('user') ? 'user-namespace' : null;
}

function judgeBind(
  launch: Launch,
  environment: Environment,
  sides: Sides,
  given: View,
  m: BindMount,
): Verdict {
  const fact = environment.sources.directories.get(m.source);
  if (fact === undefined) return mounted('no-directory');
  const source = sides.sources.at(fact.path);
  const { place } = m;
  const destination = sides.view.at(place);
  if (source === undefined || destination === undefined) return mounted('mount-unknown');
  if (source.device !== destination.device || rooted(fact.path, source) !== rooted(place, destination))
    return mounted('another-directory');
  if (source.peerGroup === 0) return mounted('not-shared');
  if (sides.late?.has(source.id)) return mounted('mounted-since');
  if (destination.master !== source.peerGroup) return mounted('another-mount');
  const asked = { set: m.own.set | m.recursive.set, clear: m.own.clear | m.recursive.clear };
  const why = optionsForbid(m, launch) ?? attributesDiffer(asked, source.attributes, destination.attributes);
  if (why !== null) return mounted(why);
  const below = compareBelow(sides, fact.path, place, destination, m);
  if (below.kind !== 'same') return mounted(below);
  const count = counted(launch, destination, sides.view, given);
  if (typeof count === 'string') return mounted(count);
  return {
    kind: 'elided',
    source,
    destination,
    below: below.pairs,
    ...count,
  };
}

/** A procfs shows the pid namespace of whoever mounted it: the host's, for both. */
function judgeProc(launch: Launch, sides: Sides, given: View, m: FilesystemMount): Verdict {
  const { maskedPaths, readonlyPaths } = launch.config.linux;
  const { view } = sides;
  if (launch.namespaces.has('pid')) return mounted('pid-namespace');
  if (maskedPaths.length > 0 || readonlyPaths.length > 0) return mounted('covered-paths');
  const destination = view.at('/proc');
  if (destination?.type !== 'proc' || destination.point !== '/proc' || destination.root !== '/')
    return mounted('no-procfs');
  const why = m.data.length > 0 ? 'data' : attributesDiffer(m.own, 0, destination.attributes);
  if (why !== null || m.propagation?.kind === 'shared') return mounted(why ?? 'shared-asked');
  // A new one would have none, whatever the host mounts on its own.
  const below = compareBelow(sides, '/proc', '/proc', destination, { below: false, recursive: m.recursive });
  if (below.kind !== 'same') return mounted(below);
  const count = counted(launch, destination, view, given);
  if (typeof count === 'string') return mounted(count);
  return {
    kind: 'elided',
    source: null,
    destination,
    below: [],
    ...count,
  };
}

/** Why nothing is left out of this launch; null: what can be proved may be. */
function whyNothing(launch: Launch): WhyMounted['kind'] | null {
  return launch.options.kept && !hasStatmount(launch.facts) ? 'kept' : null;
}

/** What becomes of each entry of `mounts`, in order. */
export function judgeMounts(launch: Launch, environment: Environment, given: View): readonly Verdict[] {
  const remaining: string[] = [];
  const hostMounts = environment.sources.mounts;
  const sides: Sides = {
    sources: mountMap(hostMounts),
    view: mountMap(given.mounts),
    hostMounts,
    late: given.late === undefined ? null : new Set(given.late),
  };
  const nothing = whyNothing(launch);
  const all = launch.config.mounts;
  return all.map((m, index) => {
    const { place } = m;
    const inTheWay = (other: string): boolean => isWithin(place, other) || isWithin(other, place);
    const verdict = ((): Verdict => {
      if (m.kind === 'remount') return mounted('remount');
      if (nothing !== null) return mounted(nothing);
      if (remaining.some(inTheWay)) return mounted('earlier-in-the-way');
      // It is to change this one, not what the environment shows.
      if (all.slice(index + 1).some(later => later.kind === 'remount' && inTheWay(later.place)))
        return mounted('changed-later');
      if (m.kind === 'bind') return judgeBind(launch, environment, sides, given, m);
      return m.kind === 'filesystem' && m.type === 'proc' && place === '/proc'
        ? judgeProc(launch, sides, given, m)
        : mounted('own-mount');
    })();
    if (verdict.kind === 'mounted') remaining.push(place);
    return verdict;
  });
}
