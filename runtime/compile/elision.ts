/**
 * Elision (design.md section 5): a bind that config.json asks for is left out if the environment shows provably the same mount there already. What
 * cannot be proved is mounted. Here the proof is made of facts, at compile time; the program makes it again (elision-proof.ts).
 */

import type { Environment, MountFact, Pin } from '../../spec/environment.js';
import type { Mount } from '../../spec/generated/config.js';
import { MountAttr, Propagation } from '../../spec/kernel.js';
import type { Launch } from './launch.js';
import { type MountMap, mountMap } from './mount-map.js';
import { type MountOptions, parseMountOptions } from './mount-options.js';
import { normalise } from './normalise.js';

export type Verdict =
  | {
      readonly kind: 'elided';
      readonly source: MountFact | null;
      readonly destination: MountFact;
      readonly why: string;
    }
  | { readonly kind: 'mounted'; readonly why: string };

const mounted = (why: string): Verdict => ({ kind: 'mounted', why });
const restrictions = MountAttr.NOSUID | MountAttr.NODEV | MountAttr.NOEXEC | MountAttr.NOSYMFOLLOW;
const times = MountAttr.ATIME | MountAttr.NODIRATIME;

export function isWithin(path: string, directory: string): boolean {
  return directory === '/' || path === directory || path.startsWith(`${directory}/`);
}

/** The path inside its file system. */
function rooted(path: string, mount: MountFact): string {
  return normalise(`${mount.root}/${path.slice(mount.point === '/' ? 0 : mount.point.length)}`);
}

/** Rule 4: read-only as it would be, restrictions at least as strict, and never against what is asked for by name. */
function attributesDiffer(o: MountOptions, source: number, destination: number): string | null {
  const set = o.set | o.recursiveSet;
  const clear = o.clear | o.recursiveClear;
  const wanted = (source & ~clear) | set;
  if (((wanted ^ destination) & MountAttr.RDONLY) !== 0)
    return (destination & MountAttr.RDONLY) !== 0 ? 'it is read-only there' : 'it is writable there';
  if ((wanted & restrictions & ~destination) !== 0) return 'nosuid, nodev or noexec is missing there';
  if ((clear & restrictions & destination) !== 0) return 'suid, dev or exec is asked for';
  if (((set | clear) & times) !== 0 && ((wanted ^ destination) & times) !== 0) return 'access times differ';
  return null;
}

function optionsForbid(o: MountOptions, m: Mount, launch: Launch): string | null {
  if (o.propagation === Propagation.SHARED) return 'shared is asked for';
  if (o.propagation === Propagation.UNBINDABLE) return 'unbindable is asked for';
  if (o.propagation === Propagation.PRIVATE && launch.environment?.strict)
    return 'private is asked for, and a slave is none (elide: strict)';
  if (o.data.length > 0 || o.copyUp) return 'it has data';
  if (m.uidMappings !== undefined || m.gidMappings !== undefined) return 'it is idmapped';
  if (launch.config.linux?.mountLabel !== undefined) return 'it would get a label';
  return launch.namespaces.has('user') ? 'there is a user namespace' : null;
}

/** The mounts of both sides. */
interface Sides {
  readonly sources: MountMap;
  readonly pin: MountMap;
}

function judgeBind(
  launch: Launch,
  environment: Environment,
  sides: Sides,
  m: Mount,
  o: MountOptions,
): Verdict {
  const fact = environment.sources.directories.get(m.source ?? '');
  if (fact === undefined) return mounted('its source is no directory');
  const source = sides.sources.at(fact.path);
  const place = normalise(m.destination);
  const destination = sides.pin.at(place);
  if (source === undefined || destination === undefined) return mounted('its mount is not known');
  if (source.device !== destination.device || rooted(fact.path, source) !== rooted(place, destination))
    return mounted('another directory is there');
  if (source.peerGroup === 0) return mounted("the host's mount is not shared");
  if (destination.master !== source.peerGroup) return mounted('another mount is there');
  const why = optionsForbid(o, m, launch) ?? attributesDiffer(o, source.attributes, destination.attributes);
  if (why !== null) return mounted(why);
  const submounts = sides.sources.below(fact.path);
  const recursiveAttributes = o.recursiveSet !== 0 || o.recursiveClear !== 0;
  if (submounts.length > 0 && (!o.recursive || recursiveAttributes))
    return mounted('there are mounts below it');
  if (submounts.some(mount => mount.peerGroup === 0)) return mounted('a mount below it is not shared');
  return {
    kind: 'elided',
    source,
    destination,
    why: `the environment shows it, slave of peer group ${source.peerGroup}`,
  };
}

/** A procfs shows the pid namespace of whoever mounted it: the host's, for both. */
function judgeProc(launch: Launch, pin: MountMap, o: MountOptions): Verdict {
  const { maskedPaths = [], readonlyPaths = [] } = launch.config.linux ?? {};
  if (launch.namespaces.has('pid')) return mounted('there is a pid namespace');
  if (maskedPaths.length > 0 || readonlyPaths.length > 0) return mounted('paths are masked or read-only');
  const destination = pin.at('/proc');
  if (destination?.type !== 'proc' || destination.point !== '/proc' || destination.root !== '/')
    return mounted('no procfs is there');
  const why = o.data.length > 0 ? 'it has data' : attributesDiffer(o, 0, destination.attributes);
  if (why !== null || o.propagation === Propagation.SHARED) return mounted(why ?? 'shared is asked for');
  return { kind: 'elided', source: null, destination, why: 'the environment shows the procfs of the host' };
}

/** What becomes of each entry of `mounts`, in order. */
export function judgeMounts(
  launch: Launch,
  environment: Environment,
  pin: Pick<Pin, 'mounts'>,
): readonly Verdict[] {
  const remaining: string[] = [];
  const sides: Sides = { sources: mountMap(environment.sources.mounts), pin: mountMap(pin.mounts) };
  return (launch.config.mounts ?? []).map(m => {
    const o = parseMountOptions(m.options ?? [], m.type);
    const place = normalise(m.destination);
    const covered = remaining.some(other => isWithin(place, other) || isWithin(other, place));
    const verdict = ((): Verdict => {
      if (o.remount) return mounted('it changes a mount');
      if (covered) return mounted('an earlier mount is in the way');
      if (o.bind) return judgeBind(launch, environment, sides, m, o);
      return m.type === 'proc' && place === '/proc'
        ? judgeProc(launch, sides.pin, o)
        : mounted('it is a mount of its own');
    })();
    if (verdict.kind === 'mounted') remaining.push(place);
    return verdict;
  });
}
