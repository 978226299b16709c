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
import { attempt, repeat, when } from '../../program/control.js';
import {
  buffer,
  bytes,
  type Data,
  field,
  type Label,
  label,
  ref,
  type Slot,
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

/** What the loop works with. */
interface Memory {
  readonly stat: Data;
  readonly info: Data;
  readonly request: Data;
  readonly listing: Data;
  readonly ids: Data;
  /** The row. */
  readonly at: Slot;
  readonly size: Slot;
  readonly path: Slot;
  readonly name: Slot;
  /** The directory in which names are looked up. */
  readonly parent: Slot;
  readonly value: Slot;
  readonly wanted: Slot;
}

function createMemory(): Memory {
  return {
    stat: buffer('proof_stat', 256),
    info: buffer('proof_mount', 512),
    request: struct('mnt_id_req', [u32(24), u32(0), u64(0), u64(STATMOUNT_MNT_BASIC)]),
    listing: struct('listmount_req', [u32(24), u32(0), u64(0), u64(0)]),
    ids: buffer('proof_ids', 8 * (MOST + 1)),
    at: slot('proof_row'),
    size: slot('proof_row_size'),
    path: slot('proof_path'),
    name: slot('proof_name'),
    parent: slot('proof_parent', -1),
    value: slot('proof'),
    wanted: slot('proof_wanted'),
  };
}

const STALE = errnos.ESTALE.number;

function same(
  { at, value, wanted }: Memory,
  width: 'U32' | 'U64',
  memory: Data,
  from: number,
  where: number,
): readonly Line[] {
  return [
    load(value, width, memory, from),
    load(wanted, 'U64', ref(at), where),
    guard(value, 'EQ', wanted, STALE),
  ];
}

function sameDirectory(m: Memory): readonly Line[] {
  return [
    load(m.wanted, 'U64', ref(m.at), Row.INODE),
    ...when(m.wanted, 'NE', 0, [
      // The major number, and the minor number behind it.
      ...same(m, 'U64', m.stat, Statx.DEV_MAJOR, Row.DEVICE),
      ...same(m, 'U64', m.stat, Statx.INO, Row.INODE),
    ]),
  ];
}

/** One more than there should be is enough to see that there are more. */
function count({ at, stat, listing, ids, value, wanted }: Memory, next: Label): readonly Line[] {
  return [
    load(wanted, 'I64', ref(at), Row.KNOWN),
    branch(wanted, 'LT', 0, next),
    load(value, 'U64', stat, Statx.MNT_ID),
    store('U64', listing, 8, value),
    load(value, 'U64', ref(at), Row.LAST),
    store('U64', listing, 16, value),
    alu(value, wanted, 'ADD', 1),
    sys('listmount', [listing, ids, value, 0], { to: value }),
    guard(value, 'EQ', wanted, STALE),
  ];
}

/** In a program that is kept the host's mounts below a share come and go; those that follow them inside do so, too. */
function mayHaveGone({ at, wanted }: Memory, next: Label): readonly Line[] {
  return [load(wanted, 'I64', ref(at), Row.KNOWN), branch(wanted, 'EQ', MAY_GO, next)];
}

function askMount(m: Memory, mayGo: boolean, next: Label): readonly Line[] {
  const { at, stat, info, request, value, wanted } = m;
  return [
    load(value, 'U64', stat, Statx.MNT_ID),
    store('U64', request, 8, value),
    sys('statmount', [request, info, 512, 0]),
    ...(mayGo
      ? [
          load(value, 'U32', info, StatMount.MNT_ID_OLD),
          load(wanted, 'U64', ref(at), Row.MOUNT),
          ...when(value, 'NE', wanted, mayHaveGone(m, next)),
        ]
      : []),
    ...same(m, 'U64', info, StatMount.MNT_ATTR, Row.ATTRIBUTES),
  ];
}

/** A row that has nothing but the directory of the next ones. */
function openDirectory(
  { parent, path }: Memory,
  { open }: Launch,
  mayGo: boolean,
  next: Label,
): readonly Line[] {
  return [
    ...when(parent, 'GE', 0, [sys('close', [parent]), ...(mayGo ? [move(parent, -1)] : [])]),
    sys('openat', [AT_FDCWD, ref(path), open.PATH | open.DIRECTORY | open.CLOEXEC, 0], {
      to: parent,
      ...(mayGo ? { on: [['ENOENT', 'ENOTDIR'], next] as const } : {}),
    }),
  ];
}

/** Any other row. */
function lookAt(m: Memory, what: SideRules, modern: boolean, mayGo: boolean, next: Label): readonly Line[] {
  const { at, name, parent, stat, info } = m;
  const mask = STATX_TYPE | STATX_INO | (modern ? STATX_MNT_ID_UNIQUE : STATX_MNT_ID);
  // Init's root is that of the host, and later that of the environment; a path that leads astray is not the same directory.
  const look = [parent, ref(name), LOOK, mask, stat];
  const sameMount = modern
    ? same(m, 'U32', info, StatMount.MNT_ID_OLD, Row.MOUNT)
    : same(m, 'U64', stat, Statx.MNT_ID, Row.MOUNT);
  return [
    alu(name, name, 'ADD', at),
    ...(mayGo
      ? attempt(['ENOENT', 'ENOTDIR', 'EBADF'], absent => [sys('statx', look, absent)], [
          ...mayHaveGone(m, next),
          fail(STALE),
        ])
      : [sys('statx', look)]),
    ...sameDirectory(m),
    ...(modern ? askMount(m, mayGo, next) : []),
    ...(what.copied ? [] : sameMount),
    ...(modern ? same(m, 'U64', info, what.group, Row.GROUP) : []),
    ...(modern && !what.copied ? count(m, next) : []),
  ];
}

/** Row after row, to the end of the table. */
function lookThrough(m: Memory, launch: Launch, what: SideRules): Subroutine {
  const { at, size, path, name, parent } = m;
  const modern = hasStatmount(launch.facts);
  const mayGo = modern && launch.options.kept && what === sides.source;
  const next = label('row_done');
  const letGo = [sys('close', [parent]), move(parent, -1)];
  return subroutine(what.name, [
    ...repeat(({ leave }) => [
      load(size, 'U64', ref(at), Row.SIZE),
      branch(size, 'EQ', 0, leave),
      alu(path, at, 'ADD', Row.PATH),
      load(name, 'U64', ref(at), Row.NAME),
      ...when(name, 'EQ', 0, openDirectory(m, launch, mayGo, next), lookAt(m, what, modern, mayGo, next)),
      next,
      alu(at, at, 'ADD', size),
    ]),
    ...(mayGo ? when(parent, 'GE', 0, letGo) : letGo),
  ]);
}

/** All proofs of a launch use the same memory and subroutines, each of which is made when it is first called. */
export function createProver(launch: Launch): Prover {
  const memory = createMemory();
  const made = new Map<Side, Subroutine>();
  const lookAtSide = (side: Side): Subroutine => {
    const known = made.get(side) ?? lookThrough(memory, launch, sides[side]);
    made.set(side, known);
    return known;
  };
  return {
    prove: (side, does, expected) =>
      operation(
        does,
        [move(memory.at, bytes('expected_mounts', expectedTable(expected))), call(lookAtSide(side))],
        { shown: [field(TemplateField.STRING, memory.path)] },
      ),
  };
}
