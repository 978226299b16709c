/**
 * Elision (design.md section 5): a bind that config.json asks for is left out if the environment shows provably the same mount there already. What
 * cannot be proved is mounted. The proof is made of facts at compile time, and made again by the program: at the source before the environment is
 * entered, at the destination in mount order.
 */

import type { Environment, MountFact, Pin } from '../../spec/environment.js';
import { errnos } from '../../spec/errno.js';
import type { Mount } from '../../spec/generated/config.js';
import type { HostFacts } from '../../spec/host-facts.js';
import { AT_FDCWD, MountAttr, Propagation, Statx } from '../../spec/kernel.js';
import { type Action, action } from '../program/action.js';
import { buffer, type Data, ref, slot, struct, text, u32, u64 } from '../program/operand.js';
import {
  call,
  guard,
  type Line,
  load,
  move,
  type Subroutine,
  store,
  subroutine,
  sys,
} from '../program/step.js';
import type { Launch } from './launch.js';
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

/** The mount that a path leads to: the deepest one, of several at one place the last. */
function mountAt(path: string, mounts: readonly MountFact[]): MountFact | undefined {
  let found: MountFact | undefined;
  for (const mount of mounts)
    if (isWithin(path, mount.point) && (found === undefined || mount.point.length >= found.point.length))
      found = mount;
  return found;
}

const below = (path: string, mounts: readonly MountFact[]): readonly MountFact[] =>
  mounts.filter(mount => mount.point !== path && isWithin(mount.point, path));

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

function judgeBind(
  launch: Launch,
  environment: Environment,
  pin: Pick<Pin, 'mounts'>,
  m: Mount,
  o: MountOptions,
): Verdict {
  const fact = environment.sources.directories.get(m.source ?? '');
  if (fact === undefined) return mounted('its source is no directory');
  const source = mountAt(fact.path, environment.sources.mounts);
  const place = normalise(m.destination);
  const destination = mountAt(place, pin.mounts);
  if (source === undefined || destination === undefined) return mounted('its mount is not known');
  if (source.device !== destination.device || rooted(fact.path, source) !== rooted(place, destination))
    return mounted('another directory is there');
  if (source.peerGroup === 0) return mounted("the host's mount is not shared");
  if (destination.master !== source.peerGroup) return mounted('another mount is there');
  const why = optionsForbid(o, m, launch) ?? attributesDiffer(o, source.attributes, destination.attributes);
  if (why !== null) return mounted(why);
  const submounts = below(fact.path, environment.sources.mounts);
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
function judgeProc(launch: Launch, pin: Pick<Pin, 'mounts'>, o: MountOptions): Verdict {
  const { maskedPaths = [], readonlyPaths = [] } = launch.config.linux ?? {};
  if (launch.namespaces.has('pid')) return mounted('there is a pid namespace');
  if (maskedPaths.length > 0 || readonlyPaths.length > 0) return mounted('paths are masked or read-only');
  const destination = mountAt('/proc', pin.mounts);
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
  return (launch.config.mounts ?? []).map(m => {
    const o = parseMountOptions(m.options ?? [], m.type);
    const place = normalise(m.destination);
    const covered = remaining.some(other => isWithin(place, other) || isWithin(other, place));
    const verdict = ((): Verdict => {
      if (o.remount) return mounted('it changes a mount');
      if (covered) return mounted('an earlier mount is in the way');
      if (o.bind) return judgeBind(launch, environment, pin, m, o);
      return m.type === 'proc' && place === '/proc'
        ? judgeProc(launch, pin, o)
        : mounted('it is a mount of its own');
    })();
    if (verdict.kind === 'mounted') remaining.push(place);
    return verdict;
  });
}

/** linux/stat.h, linux/mount.h */
const STATX_TYPE_INO = 0x101;
const STATX_MNT_ID = 0x1000;
const STATX_MNT_ID_UNIQUE = 0x4000;
const MNT_ID = 144;
const STATMOUNT_MNT_BASIC = 2;
const StatMount = { MNT_ID_OLD: 56, MNT_ATTR: 64, PEER_GROUP: 80, MASTER: 88 } as const;

/** statmount(2) came with Linux 6.8. */
const hasStatmount = ({ kernel }: HostFacts): boolean =>
  kernel.major > 6 || (kernel.major === 6 && kernel.minor >= 8);

export interface Prover {
  /** Host's namespace: the source is the mount and directory it was at compile time. */
  source(index: number, verdict: Verdict & { readonly kind: 'elided' }): readonly Action[];
  /** In the environment itself, before a copy of it is made: a copy's mounts have other numbers. */
  shared(index: number, verdict: Verdict & { readonly kind: 'elided' }): readonly Action[];
  /** At its place in mount order. `copied`: in a copy of the environment. */
  destination(
    index: number,
    verdict: Verdict & { readonly kind: 'elided' },
    copied: boolean,
  ): readonly Action[];
}

/** What a path has to be, as the subroutines that look at it read it. */
const Expected = { MAJOR: 0, MINOR: 4, INODE: 8, MOUNT: 16, ATTRIBUTES: 24, GROUP: 32 } as const;

/** All proofs of a launch use the same memory and subroutines: there may be a thousand. */
export function createProver(launch: Launch, environment: Environment): Prover {
  const stat = buffer('proof_stat', 256);
  const info = buffer('proof_mount', 512);
  const request = struct('mnt_id_req', [u32(24), u32(0), u64(0), u64(STATMOUNT_MNT_BASIC)]);
  const [path, expected] = [slot('proof_path'), slot('proof_expected')];
  const [value, wanted] = [slot('proof'), slot('proof_wanted')];
  const modern = hasStatmount(launch.facts);
  const stale = errnos.ESTALE.number;
  const mask = STATX_TYPE_INO | (modern ? STATX_MNT_ID_UNIQUE : STATX_MNT_ID);
  const mounts = launch.config.mounts ?? [];
  const same = (width: 'U32' | 'U64', memory: Data, at: number, where: number): readonly Line[] => [
    load(value, width, memory, at),
    load(wanted, width, ref(expected), where),
    guard(value, 'EQ', wanted, stale),
  ];
  // Init's root is that of the host, and later that of the environment; a path that leads astray is not the same directory.
  const lookAt = sys('statx', [AT_FDCWD, ref(path), 0, mask, stat]);
  const directory: readonly Line[] = [
    ...same('U32', stat, Statx.DEV_MAJOR, Expected.MAJOR),
    ...same('U32', stat, Statx.DEV_MINOR, Expected.MINOR),
    ...same('U64', stat, Statx.INO, Expected.INODE),
  ];
  const askMount: readonly Line[] = modern
    ? [
        load(value, 'U64', stat, MNT_ID),
        store('U64', request, 8, value),
        sys('statmount', [request, info, 512, 0]),
        ...same('U64', info, StatMount.MNT_ATTR, Expected.ATTRIBUTES),
      ]
    : [];
  const sameMount = modern
    ? same('U32', info, StatMount.MNT_ID_OLD, Expected.MOUNT)
    : same('U64', stat, MNT_ID, Expected.MOUNT);
  const group = (at: number): readonly Line[] => (modern ? same('U64', info, at, Expected.GROUP) : []);
  const proof = (name: string, isDirectory: boolean, at: number, copied: boolean): Subroutine =>
    subroutine(name, [
      lookAt,
      ...(isDirectory ? directory : []),
      ...askMount,
      ...(copied ? [] : sameMount),
      ...group(at),
    ]);
  const proofs = {
    source: proof('prove_source', true, StatMount.PEER_GROUP, false),
    shared: proof('prove_shared', false, StatMount.MASTER, false),
    destination: proof('prove_destination', true, StatMount.MASTER, false),
    copied: proof('prove_copied', true, StatMount.MASTER, true),
    proc: proof('prove_proc', false, StatMount.MASTER, false),
    copiedProc: proof('prove_copied_proc', false, StatMount.MASTER, true),
  };
  const prove = (
    index: number,
    title: string,
    of: { readonly path: string; readonly mount: MountFact; readonly group: number },
    by: Subroutine,
  ): readonly Action[] => {
    const m = mounts[index];
    const fact = environment.sources.directories.get(m?.source ?? '');
    const row = struct(
      'expected',
      [
        u32(fact?.major ?? 0),
        u32(fact?.minor ?? 0),
        u64(fact?.inode ?? 0),
        u64(of.mount.id),
        u64(of.mount.attributes),
        u64(of.group),
      ],
      true,
    );
    const words = [
      `leave out the mount on ${m?.destination}: it is no longer what it was when this was compiled; compile again, or prepare ${environment.tree} again`,
    ];
    return [
      action({ title, because: launch.because('mounts', index), words }, [
        move(path, text(of.path)),
        move(expected, row),
        call(by),
      ]),
    ];
  };
  return {
    source(index, { source }) {
      const at = mounts[index]?.source ?? '';
      if (source === null) return [];
      const of = { path: at, mount: source, group: source.peerGroup };
      return prove(index, `look at ${at} of the host`, of, proofs.source);
    },
    shared(index, { destination }) {
      // Where statmount(2) tells of master and attributes, the look at its place says it all.
      if (modern) return [];
      const at = mounts[index]?.destination ?? '';
      const of = { path: at, mount: destination, group: destination.master };
      return prove(index, `look at ${at} of the environment`, of, proofs.shared);
    },
    destination(index, { destination, source, why }, copied) {
      const at = mounts[index]?.destination ?? '';
      const of = { path: at, mount: destination, group: destination.master };
      const title = `leave out the mount on ${at}: ${why}`;
      if (source === null) return prove(index, title, of, copied ? proofs.copiedProc : proofs.proc);
      return prove(index, title, of, copied ? proofs.copied : proofs.destination);
    },
  };
}
