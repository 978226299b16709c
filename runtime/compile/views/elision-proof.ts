/**
 * The proofs of elision that a program makes, because it may run long after it was compiled: at the source before the environment is entered,
 * at the destination in mount order. There may be thousands, so they are rows of a table (expected-mounts.ts), and a loop goes through it.
 */
import { errnos } from '../../../spec/errno.js';
import type { HostFacts } from '../../../spec/host-facts.js';
import { TemplateField } from '../../../spec/instructions.js';
import {
  AT_FDCWD,
  AT_NO_AUTOMOUNT,
  AT_STATX_DONT_SYNC,
  STATMOUNT_MNT_BASIC,
  STATX_INO,
  STATX_MNT_ID,
  STATX_MNT_ID_UNIQUE,
  STATX_TYPE,
  Statx,
} from '../../../spec/kernel.js';
import type { OperationOf } from '../../../spec/operations/index.js';
import type { Action } from '../../program/action.js';
import {
  buffer,
  bytes,
  type Data,
  field,
  type Label,
  label,
  ref,
  slot,
  struct,
  u32,
  u64,
} from '../../program/operand.js';
import {
  alu,
  branch,
  call,
  fail,
  guard,
  jump,
  type Line,
  load,
  move,
  type Subroutine,
  store,
  subroutine,
  sys,
} from '../../program/step.js';
import { operation } from '../idioms/operation.js';
import type { Launch } from '../launch/launch.js';
import { MOST } from './elision-below.js';
import { type Expected, expectedTable, MAY_GO, Row } from './expected-mounts.js';

/**
 * What is asked for does not change: no server of a network file system has to be asked. What is not mounted yet stays so: nobody waits here for an automounter.
 */
const LOOK = AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT;
/** Offsets in struct statmount (linux/mount.h). */
const StatMount = { MNT_ID_OLD: 56, MNT_ATTR: 64, PEER_GROUP: 80, MASTER: 88 } as const;

/** statmount(2) and listmount(2) came with Linux 6.8, and with them mount ids that are never given out again. */
export const hasStatmount = ({ kernel }: HostFacts): boolean =>
  kernel.major > 6 || (kernel.major === 6 && kernel.minor >= 8);

/**
 * - source: on the host
 * - view: in the environment itself, before a copy of it is made (a copy's mounts have other numbers, and are all new)
 * - copied: at its place, in a copy
 */
export type Side = 'source' | 'view' | 'copied';

export interface Prover {
  prove(side: Side, does: OperationOf<'prove'>, expected: readonly Expected[]): Action;
}

interface SideRules {
  readonly name: string;
  readonly group: number;
  readonly copied: boolean;
}

const { PEER_GROUP, MASTER } = StatMount;
const sides: Readonly<Record<Side, SideRules>> = {
  source: { name: 'prove_sources', group: PEER_GROUP, copied: false },
  view: { name: 'prove_view', group: MASTER, copied: false },
  copied: { name: 'prove_copies', group: MASTER, copied: true },
};

/** All proofs of a launch use the same memory and subroutines. */
export function createProver(launch: Launch): Prover {
  const { open } = launch;
  const stat = buffer('proof_stat', 256);
  const info = buffer('proof_mount', 512);
  const request = struct('mnt_id_req', [u32(24), u32(0), u64(0), u64(STATMOUNT_MNT_BASIC)]);
  const listing = struct('listmount_req', [u32(24), u32(0), u64(0), u64(0)]);
  const ids = buffer('proof_ids', 8 * (MOST + 1));
  const at = slot('proof_row');
  const size = slot('proof_row_size');
  const path = slot('proof_path');
  const name = slot('proof_name');
  const parent = slot('proof_parent', -1);
  const [value, wanted] = [slot('proof'), slot('proof_wanted')];
  const modern = hasStatmount(launch.facts);
  const stale = errnos.ESTALE.number;
  const mask = STATX_TYPE | STATX_INO | (modern ? STATX_MNT_ID_UNIQUE : STATX_MNT_ID);
  const same = (width: 'U32' | 'U64', memory: Data, from: number, where: number): readonly Line[] => [
    load(value, width, memory, from),
    load(wanted, 'U64', ref(at), where),
    guard(value, 'EQ', wanted, stale),
  ];
  // Init's root is that of the host, and later that of the environment; a path that leads astray is not the same directory.
  const look = [parent, ref(name), LOOK, mask, stat];
  const sameDirectory = (): readonly Line[] => {
    const any = label('any_directory');
    return [
      load(wanted, 'U64', ref(at), Row.INODE),
      branch(wanted, 'EQ', 0, any),
      // The major number, and the minor number behind it.
      ...same('U64', stat, Statx.DEV_MAJOR, Row.DEVICE),
      ...same('U64', stat, Statx.INO, Row.INODE),
      any,
    ];
  };
  /** One more than there should be is enough to see that there are more. */
  const count = (next: Label): readonly Line[] => [
    load(wanted, 'I64', ref(at), Row.KNOWN),
    branch(wanted, 'LT', 0, next),
    load(value, 'U64', stat, Statx.MNT_ID),
    store('U64', listing, 8, value),
    load(value, 'U64', ref(at), Row.LAST),
    store('U64', listing, 16, value),
    alu(value, wanted, 'ADD', 1),
    sys('listmount', [listing, ids, value, 0], { to: value }),
    guard(value, 'EQ', wanted, stale),
  ];
  /** In a program that is kept the host's mounts below a share come and go; those that follow them inside do so, too. */
  const goesOn = (there: Label, next: Label): readonly Line[] => [
    load(wanted, 'I64', ref(at), Row.KNOWN),
    branch(wanted, 'EQ', MAY_GO, next),
    jump(there),
  ];
  const askMount = (mayGo: boolean, next: Label): readonly Line[] => {
    const there = label('is_that_mount');
    return [
      load(value, 'U64', stat, Statx.MNT_ID),
      store('U64', request, 8, value),
      sys('statmount', [request, info, 512, 0]),
      ...(mayGo
        ? [
            load(value, 'U32', info, StatMount.MNT_ID_OLD),
            load(wanted, 'U64', ref(at), Row.MOUNT),
            branch(value, 'EQ', wanted, there),
            ...goesOn(there, next),
            there,
          ]
        : []),
      ...same('U64', info, StatMount.MNT_ATTR, Row.ATTRIBUTES),
    ];
  };
  const sameMount = modern
    ? same('U32', info, StatMount.MNT_ID_OLD, Row.MOUNT)
    : same('U64', stat, Statx.MNT_ID, Row.MOUNT);
  const lookThrough = (what: SideRules): Subroutine => {
    const [again, looked, next, none] = [
      label('next_row'),
      label('look_at'),
      label('row_done'),
      label('no_parent'),
    ];
    const done = label('rows_done');
    const [absent, missing, found, closed] = [
      label('not_there'),
      label('is_missing'),
      label('is_there'),
      label('none_open'),
    ];
    const mayGo = modern && launch.options.kept && what === sides.source;
    const nowhere = mayGo ? { on: [['ENOENT', 'ENOTDIR', 'EBADF'], absent] as const } : {};
    return subroutine(what.name, [
      again,
      load(size, 'U64', ref(at), Row.SIZE),
      branch(size, 'EQ', 0, done),
      alu(path, at, 'ADD', Row.PATH),
      load(name, 'U64', ref(at), Row.NAME),
      branch(name, 'NE', 0, looked),
      branch(parent, 'LT', 0, none),
      sys('close', [parent]),
      ...(mayGo ? [move(parent, -1)] : []),
      none,
      sys('openat', [AT_FDCWD, ref(path), open.PATH | open.DIRECTORY | open.CLOEXEC, 0], {
        to: parent,
        ...(mayGo ? { on: [['ENOENT', 'ENOTDIR'], next] as const } : {}),
      }),
      jump(next),
      looked,
      alu(name, name, 'ADD', at),
      sys('statx', look, nowhere),
      ...(mayGo ? [jump(found), absent, ...goesOn(missing, next), missing, fail(stale), found] : []),
      ...sameDirectory(),
      ...(modern ? askMount(mayGo, next) : []),
      ...(what.copied ? [] : sameMount),
      ...(modern ? same('U64', info, what.group, Row.GROUP) : []),
      ...(modern && !what.copied ? count(next) : []),
      next,
      alu(at, at, 'ADD', size),
      jump(again),
      done,
      ...(mayGo ? [branch(parent, 'LT', 0, closed)] : []),
      sys('close', [parent]),
      move(parent, -1),
      ...(mayGo ? [closed] : []),
    ]);
  };
  // Each is made when it is first called.
  const made = new Map<Side, Subroutine>();
  const lookAtSide = (side: Side): Subroutine => {
    const known = made.get(side) ?? lookThrough(sides[side]);
    made.set(side, known);
    return known;
  };
  return {
    prove: (side, does, expected) =>
      operation(does, [move(at, bytes('expected_mounts', expectedTable(expected))), call(lookAtSide(side))], {
        shown: [field(TemplateField.STRING, path)],
      }),
  };
}
