/**
 * Device nodes and symlinks in /dev (config-linux.md, "Default Devices", "Devices", "Dev symbolic links").
 */

import { errnos } from '../../../spec/errno.js';
import {
  AT_FDCWD,
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
import { ignoring } from '../../program/control.js';
import {
  buffer,
  cell,
  type Data,
  label,
  type Operand,
  type Ref,
  ref,
  type Slot,
  slot,
  slots,
  text,
} from '../../program/operand.js';
import {
  alu,
  branch,
  call,
  failVerbatim,
  guard,
  jump,
  type Line,
  load,
  move,
  resolve,
  subroutine,
  sys,
  warn,
} from '../../program/step.js';
import { deviceMissed } from '../../report/operations/root.js';
import { operation } from '../idioms/operation.js';
import { type Launch, rule } from '../launch/launch.js';
import type { Places } from './destination.js';
import { sourcePath } from './mounts.js';

type Device = OperationOf<'device'>;

const defaults: readonly (readonly [path: string, major: number, minor: number])[] = [
  ['/dev/null', 1, 3],
  ['/dev/zero', 1, 5],
  ['/dev/full', 1, 7],
  ['/dev/random', 1, 8],
  ['/dev/urandom', 1, 9],
  ['/dev/tty', 5, 0],
];

const symlinks: readonly (readonly [name: string, target: string])[] = [
  ['fd', '/proc/self/fd'],
  ['stdin', '/proc/self/fd/0'],
  ['stdout', '/proc/self/fd/1'],
  ['stderr', '/proc/self/fd/2'],
  // Not in the specification, but crun makes it always.
  ['core', '/proc/kcore'],
];

const types = { c: S_IFCHR, b: S_IFBLK, p: S_IFIFO } as const;

/** Encoding of dev_t as mknodat(2) takes it (include/linux/kdev_t.h, new_encode_dev). */
export function encodeDevice(major: number, minor: number): number {
  return ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0;
}

/** A /dev that comes from somewhere else (a bind mount, the environment): it is taken as it is, and nothing is made in it. Null: it is the container's own. */
export function givenDev(launch: Launch): { readonly hostPath: string; readonly byConfig: boolean } | null {
  const last = launch.config.mounts.findLast(m => m.place === '/dev' && m.kind !== 'remount');
  if (last === undefined) return launch.placement.hostDevices ? { hostPath: '/dev', byConfig: false } : null;
  if (last.kind !== 'bind') return null;
  return { hostPath: sourcePath(launch, last), byConfig: true };
}

const isBelowDev = ({ path }: Device): boolean => path.startsWith('/dev/');

/**
 * Host track: nothing is made in a /dev that is somebody else's, so what is asked for must be there, as on the host (`--device /dev/fuse`). Where
 * config.json binds a /dev itself, runc and crun make no devices either, and say nothing; then it is a warning.
 */
export function seeDevices(launch: Launch): readonly Action[] {
  const given = givenDev(launch);
  if (given === null) return [];
  const { hostPath, byConfig } = given;
  const stat = buffer('seen_device', 256);
  const value = slot('seen_device_value');
  return configuredDevices(launch)
    .filter(isBelowDev)
    .map(d => {
      const { path, type, major, minor, because } = d;
      const of = byConfig ? 'config' : 'host';
      const does = { kind: 'see-device', path, type, major, minor, in: hostPath, of, because } as const;
      const [missed, there] = [label('device_missed'), label('device_there')];
      const why = text(deviceMissed(does));
      const numbers = [
        load(value, 'U32', stat, Statx.RDEV_MAJOR),
        branch(value, 'NE', d.major, missed),
        load(value, 'U32', stat, Statx.RDEV_MINOR),
        branch(value, 'NE', d.minor, missed),
      ];
      return operation(does, [
        sys(
          'statx',
          [
            AT_FDCWD,
            text(hostPath + d.path.slice('/dev'.length)),
            AT_SYMLINK_NOFOLLOW,
            STATX_BASIC_STATS,
            stat,
          ],
          { on: [['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'], missed] },
        ),
        load(value, 'U16', stat, Statx.MODE),
        alu(value, value, 'AND', S_IFMT),
        branch(value, 'NE', types[d.type], missed),
        ...(d.type === 'p' ? [] : numbers),
        jump(there),
        missed,
        byConfig ? warn(why, why.size - 1) : failVerbatim(errnos.ENODEV.number, why, why.size - 1),
        there,
      ]);
    });
}

function configuredDevices(launch: Launch): readonly Device[] {
  return launch.config.linux.devices.map(({ index, place, ...device }) => ({
    kind: 'device',
    path: place,
    ...device,
    because: launch.because('linux', 'devices', index),
  }));
}

type MakeNode = (directory: Operand, name: Data | Ref, d: Device) => readonly Line[];

/** Nodes in opened directories. One that is there already must be the same device. */
function nodeMaker(): MakeNode {
  const directory = slot('node_directory');
  const name = slot('node_name');
  const mode = slot('node_mode');
  const device = slot('node_device');
  const major = slot('node_major');
  const minor = slot('node_minor');
  const result = slot('node_made');
  const exists = label('node_exists');
  const done = label('node_done');
  const stat = buffer('node_stat', 256);
  const value = slot('node_value');
  const EEXIST = errnos.EEXIST.number;
  const makeNode = subroutine('make_node', [
    sys('mknodat', [directory, ref(name), mode, device], { to: result, on: [['EEXIST'], exists] }),
    jump(done),
    exists,
    sys('statx', [directory, ref(name), AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, stat]),
    load(value, 'U16', stat, Statx.MODE),
    alu(value, value, 'XOR', mode),
    alu(value, value, 'AND', S_IFMT),
    guard(value, 'EQ', 0, EEXIST),
    load(value, 'U32', stat, Statx.RDEV_MAJOR),
    guard(value, 'EQ', major, EEXIST),
    load(value, 'U32', stat, Statx.RDEV_MINOR),
    guard(value, 'EQ', minor, EEXIST),
    done,
  ]);
  return (parent, called, d) => {
    const there = label('node_there');
    const owned = d.uid !== 0 || d.gid !== 0;
    return [
      move(directory, parent),
      move(name, called.kind === 'ref' ? called.slot : called),
      move(mode, types[d.type] | d.mode),
      move(device, encodeDevice(d.major, d.minor)),
      move(major, d.major),
      move(minor, d.minor),
      call(makeNode),
      ...(owned
        ? [
            branch(result, 'LT', 0, there),
            sys('fchownat', [directory, ref(name), d.uid, d.gid, AT_SYMLINK_NOFOLLOW]),
            there,
          ]
        : []),
    ];
  };
}

export interface DeviceActions {
  /** Opens /dev and leaves it in `dev`. */
  readonly actions: readonly Action[];
  readonly dev: Slot;
}

export function deviceActions(launch: Launch, places: Places): DeviceActions {
  const { open, cells } = launch;
  const dev = slot('dev_fd', -1);
  const given = givenDev(launch) !== null;
  const configured = configuredDevices(launch).filter(d => !given || !isBelowDev(d));
  const actions: Action[] = [];
  const node = nodeMaker();
  const byDefault: readonly Device[] = given
    ? []
    : defaults
        .filter(([path]) => !configured.some(d => d.path === path))
        .map(([path, major, minor]) => ({
          kind: 'device',
          path,
          type: 'c',
          major,
          minor,
          mode: 0o666,
          uid: 0,
          gid: 0,
          because: rule('default devices'),
        }));

  // Symlinks are not followed: a root filesystem whose /dev leads elsewhere must not get nodes there (CVE-2026-41579).
  actions.push(
    operation({ kind: 'open-dev', because: rule('default devices') }, [
      resolve(
        {
          root: cells.rootFd,
          path: text('/dev'),
          make: 'directories',
          how: 'NOFOLLOW',
          flags: open.PATH | open.DIRECTORY,
        },
        { to: dev },
      ),
    ]),
  );
  for (const d of [...byDefault, ...configured]) {
    const direct = /^\/dev\/([^/]+)$/.exec(d.path)?.[1];
    if (direct !== undefined) {
      actions.push(operation(d, node(dev, text(direct), d)));
      continue;
    }
    const parent = slots('device_directory', 2);
    // Below /dev, links lead nowhere else: to no volume, where a user of the host could find the node.
    const below = /^\/dev\/(.+)$/.exec(d.path)?.[1];
    actions.push(
      operation(d, [
        ...(below === undefined
          ? places.open({ path: d.path, parent: true, make: 'directories' }, parent, d)
          : [resolve({ root: dev, path: text(below), how: 'PARENT', make: 'directories' }, { to: parent })]),
        ...node(parent, ref(cell(parent, 1)), d),
        sys('close', [parent]),
      ]),
    );
  }
  if (!given) {
    const hasPts = launch.config.mounts.some(m => m.place === '/dev/pts');
    const links = [...symlinks, ...(hasPts ? [['ptmx', 'pts/ptmx'] as const] : [])];
    actions.push(
      operation(
        { kind: 'link-devices', names: links.map(([name]) => name), because: rule('default devices') },
        links.flatMap(([name, target]) =>
          ignoring(['EEXIST'], there => [sys('symlinkat', [text(target), dev, text(name)], there)]),
        ),
      ),
    );
  }
  return { actions, dev };
}
