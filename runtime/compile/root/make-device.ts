/** Steps of device nodes, and of what is in /dev besides. */
import { errnos } from '../../../spec/errno.js';
import {
  AT_SYMLINK_NOFOLLOW,
  S_IFBLK,
  S_IFCHR,
  S_IFIFO,
  S_IFMT,
  STATX_BASIC_STATS,
  Statx,
} from '../../../spec/kernel.js';
import type { OperationOf } from '../../../spec/operations/index.js';
import type { Action } from '../../program/action.js';
import { attempt, ignoring, when } from '../../program/control.js';
import {
  buffer,
  cell,
  type Data,
  type Operand,
  type Ref,
  ref,
  type Slot,
  slot,
  slots,
  text,
} from '../../program/operand.js';
import { alu, call, guard, type Line, load, move, resolve, subroutine, sys } from '../../program/step.js';
import { operation } from '../idioms/operation.js';
import { type Launch, rule } from '../launch/launch.js';
import type { Places } from './destination.js';

type Device = OperationOf<'device'>;

const symlinks: readonly (readonly [name: string, target: string])[] = [
  ['fd', '/proc/self/fd'],
  ['stdin', '/proc/self/fd/0'],
  ['stdout', '/proc/self/fd/1'],
  ['stderr', '/proc/self/fd/2'],
  // Not in the specification, but crun makes it always.
  ['core', '/proc/kcore'],
];

export const fileTypes = { c: S_IFCHR, b: S_IFBLK, p: S_IFIFO } as const;

/** Encoding of dev_t as mknodat(2) takes it (include/linux/kdev_t.h, new_encode_dev). */
export function encodeDevice(major: number, minor: number): number {
  return ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0;
}

export type MakeNode = (directory: Operand, name: Data | Ref, d: Device) => readonly Line[];

/** Nodes in opened directories. One that is there already must be the same device. */
export function nodeMaker(): MakeNode {
  const directory = slot('node_directory');
  const name = slot('node_name');
  const mode = slot('node_mode');
  const device = slot('node_device');
  const major = slot('node_major');
  const minor = slot('node_minor');
  const result = slot('node_made');
  const stat = buffer('node_stat', 256);
  const value = slot('node_value');
  const EEXIST = errnos.EEXIST.number;
  const makeNode = subroutine('make_node', [
    ...attempt(
      ['EEXIST'],
      exists => [sys('mknodat', [directory, ref(name), mode, device], { to: result, ...exists })],
      [
        sys('statx', [directory, ref(name), AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, stat]),
        load(value, 'U16', stat, Statx.MODE),
        alu(value, value, 'XOR', mode),
        alu(value, value, 'AND', S_IFMT),
        guard(value, 'EQ', 0, EEXIST),
        load(value, 'U32', stat, Statx.RDEV_MAJOR),
        guard(value, 'EQ', major, EEXIST),
        load(value, 'U32', stat, Statx.RDEV_MINOR),
        guard(value, 'EQ', minor, EEXIST),
      ],
    ),
  ]);
  return (parent, called, d) => {
    const owned = d.uid !== 0 || d.gid !== 0;
    return [
      move(directory, parent),
      move(name, called.kind === 'ref' ? called.slot : called),
      move(mode, fileTypes[d.type] | d.mode),
      move(device, encodeDevice(d.major, d.minor)),
      move(major, d.major),
      move(minor, d.minor),
      call(makeNode),
      ...(owned
        ? when(result, 'GE', 0, [sys('fchownat', [directory, ref(name), d.uid, d.gid, AT_SYMLINK_NOFOLLOW])])
        : []),
    ];
  };
}

/** Symlinks are not followed: a root filesystem whose /dev leads elsewhere must not get nodes there (CVE-2026-41579). */
export function openDev({ open, cells }: Launch, to: Slot): Action {
  return operation({ kind: 'open-dev', because: rule('default devices') }, [
    resolve(
      {
        root: cells.rootFd,
        path: text('/dev'),
        make: 'directories',
        how: 'NOFOLLOW',
        flags: open.PATH | open.DIRECTORY,
      },
      { to },
    ),
  ]);
}

export interface DeviceWorkshop {
  readonly places: Places;
  /** /dev, opened. */
  readonly dev: Slot;
  readonly makeNode: MakeNode;
}

export function makeDevice({ places, dev, makeNode }: DeviceWorkshop, d: Device): Action {
  const direct = /^\/dev\/([^/]+)$/.exec(d.path)?.[1];
  if (direct !== undefined) return operation(d, makeNode(dev, text(direct), d));
  const parent = slots('device_directory', 2);
  // Below /dev, links lead nowhere else: to no volume, where a user of the host could find the node.
  const below = /^\/dev\/(.+)$/.exec(d.path)?.[1];
  return operation(d, [
    ...(below === undefined
      ? places.open({ path: d.path, parent: true, make: 'directories' }, parent, d)
      : [resolve({ root: dev, path: text(below), how: 'PARENT', make: 'directories' }, { to: parent })]),
    ...makeNode(parent, ref(cell(parent, 1)), d),
    sys('close', [parent]),
  ]);
}

/** `terminals`: there is a devpts. */
export function linkDevices(dev: Slot, terminals: boolean): Action {
  const links = [...symlinks, ...(terminals ? [['ptmx', 'pts/ptmx'] as const] : [])];
  return operation(
    { kind: 'link-devices', names: links.map(([name]) => name), because: rule('default devices') },
    links.flatMap(([name, target]) =>
      ignoring(['EEXIST'], there => [sys('symlinkat', [text(target), dev, text(name)], there)]),
    ),
  );
}
