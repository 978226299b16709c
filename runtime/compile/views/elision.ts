/**
 * Elision (docs/architecture.md): a bind that config.json asks for is left out if the environment shows provably the same mount there already. What
 * cannot be proved is mounted. Here the proof is made of facts, at compile time; the program makes it again (elision-proof.ts).
 */

import type { Environment, MountFact, Pin } from '../../../spec/environment.js';
import { isWithin, type MountMap, mountMap } from '../../../spec/mount-map.js';
import type { BindMount, FilesystemMount } from '../../../spec/normal-mount.js';
import type { Launch } from '../launch/launch.js';
import { attributesDiffer, type BelowPair, compareBelow, MOST, rooted, type Sides } from './elision-below.js';
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
  readonly why: string;
}

export type Verdict = Elided | { readonly kind: 'mounted'; readonly why: string };

/** The mounts of a view: of a generation as it was prepared, or of the skeleton as they are at this moment. */
export type View = Pick<Pin, 'mounts'> & Partial<Pick<Pin, 'name' | 'late' | 'mark'>>;

const mounted = (why: string): Verdict => ({ kind: 'mounted', why });

/** By what the program tells that something has been mounted below a mount since; or why it could not. */
function counted(
  { facts }: Launch,
  destination: MountFact,
  view: MountMap,
  { mark, name = '' }: View,
): Pick<Elided, 'last' | 'known'> | string {
  if (mark === 0 && hasStatmount(facts)) return `${name} is of an earlier version, and tells too little`;
  if (mark !== undefined) return { last: mark, known: 0 };
  const known = view.descendants(destination).length;
  return known > MOST ? `there are more than ${MOST} mounts below it` : { last: 0, known };
}

function optionsForbid(m: BindMount, launch: Launch): string | null {
  const propagation = m.propagation?.kind;
  if (propagation === 'shared') return 'shared is asked for';
  if (propagation === 'unbindable') return 'unbindable is asked for';
  if (propagation === 'private' && launch.environment?.strict)
    return 'private is asked for, and a slave is none (elide: strict)';
  if (m.data.length > 0 || m.copyUp) return 'it has data';
  if (m.uidMappings.length > 0 || m.gidMappings.length > 0) return 'it is idmapped';
  if (launch.normal.linux.mountLabel !== null) return 'it would get a label';
  return launch.namespaces.has('user') ? 'there is a user namespace' : null;
}

function judgeBind(
  launch: Launch,
  environment: Environment,
  sides: Sides,
  given: View,
  m: BindMount,
): Verdict {
  const fact = environment.sources.directories.get(m.source);
  if (fact === undefined) return mounted('its source is no directory');
  const source = sides.sources.at(fact.path);
  const { place } = m;
  const destination = sides.view.at(place);
  if (source === undefined || destination === undefined) return mounted('its mount is not known');
  if (source.device !== destination.device || rooted(fact.path, source) !== rooted(place, destination))
    return mounted('another directory is there');
  if (source.peerGroup === 0) return mounted("the host's mount is not shared");
  if (sides.late?.has(source.id)) return mounted(`the host has mounted it since ${sides.name} was made`);
  if (destination.master !== source.peerGroup) return mounted('another mount is there');
  const asked = { set: m.own.set | m.recursive.set, clear: m.own.clear | m.recursive.clear };
  const why = optionsForbid(m, launch) ?? attributesDiffer(asked, source.attributes, destination.attributes);
  if (why !== null) return mounted(why);
  const pairs = compareBelow(sides, fact.path, place, destination, m);
  if (typeof pairs === 'string') return mounted(pairs);
  const count = counted(launch, destination, sides.view, given);
  if (typeof count === 'string') return mounted(count);
  return {
    kind: 'elided',
    source,
    destination,
    below: pairs,
    ...count,
    why: `the environment shows it, slave of peer group ${source.peerGroup}`,
  };
}

/** A procfs shows the pid namespace of whoever mounted it: the host's, for both. */
function judgeProc(launch: Launch, sides: Sides, given: View, m: FilesystemMount): Verdict {
  const { maskedPaths, readonlyPaths } = launch.normal.linux;
  const { view } = sides;
  if (launch.namespaces.has('pid')) return mounted('there is a pid namespace');
  if (maskedPaths.length > 0 || readonlyPaths.length > 0) return mounted('paths are masked or read-only');
  const destination = view.at('/proc');
  if (destination?.type !== 'proc' || destination.point !== '/proc' || destination.root !== '/')
    return mounted('no procfs is there');
  const why = m.data.length > 0 ? 'it has data' : attributesDiffer(m.own, 0, destination.attributes);
  if (why !== null || m.propagation?.kind === 'shared') return mounted(why ?? 'shared is asked for');
  // A new one would have none, whatever the host mounts on its own.
  const pairs = compareBelow(sides, '/proc', '/proc', destination, { below: false, recursive: m.recursive });
  if (typeof pairs === 'string') return mounted(pairs);
  const count = counted(launch, destination, view, given);
  if (typeof count === 'string') return mounted(count);
  return {
    kind: 'elided',
    source: null,
    destination,
    below: [],
    ...count,
    why: 'the environment shows the procfs of the host',
  };
}

/** Why nothing is left out of this launch; null: what can be proved may be. */
function whyNothing(launch: Launch): string | null {
  return launch.options.kept && !hasStatmount(launch.facts)
    ? 'before Linux 6.8 a program that is kept could not tell what has changed by the time it runs'
    : null;
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
    name: given.name ?? '',
  };
  const nothing = whyNothing(launch);
  const all = launch.normal.mounts;
  return all.map((m, index) => {
    const { place } = m;
    const inTheWay = (other: string): boolean => isWithin(place, other) || isWithin(other, place);
    const verdict = ((): Verdict => {
      if (m.kind === 'remount') return mounted('it changes a mount');
      if (nothing !== null) return mounted(nothing);
      if (remaining.some(inTheWay)) return mounted('an earlier mount is in the way');
      // It is to change this one, not what the environment shows.
      if (all.slice(index + 1).some(later => later.kind === 'remount' && inTheWay(later.place)))
        return mounted('a later entry changes it');
      if (m.kind === 'bind') return judgeBind(launch, environment, sides, given, m);
      return m.kind === 'filesystem' && m.type === 'proc' && place === '/proc'
        ? judgeProc(launch, sides, given, m)
        : mounted('it is a mount of its own');
    })();
    if (verdict.kind === 'mounted') remaining.push(place);
    return verdict;
  });
}
