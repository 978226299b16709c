/**
 * maskedPaths and readonlyPaths (config-linux.md): laid over the root through opened descriptors, before it becomes "/".
 */
import { anyErrno } from '../../../spec/errno.js';
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  F_DUPFD_CLOEXEC,
  MNT_DETACH,
  MountAttr,
  S_IFCHR,
  S_IFDIR,
  S_IFMT,
  STATX_BASIC_STATS,
  STATX_TYPE,
  Statx,
} from '../../../spec/kernel.js';
import type { OperationOf } from '../../../spec/operations/index.js';
import type { TreePlace } from '../../../spec/paths.js';
import type { Action } from '../../program/action.js';
import { buffer, type Label, label, ref, type Slot, slot, text } from '../../program/operand.js';
import {
  alu,
  branch,
  call,
  jump,
  type Line,
  load,
  move,
  resolve,
  subroutine,
  sys,
} from '../../program/step.js';
import { attach, cloneTree, newFilesystem, setAttributes } from '../idioms/mount-steps.js';
import { operation } from '../idioms/operation.js';
import { isConfined } from '../launch/confined.js';
import { type Launch, rule } from '../launch/launch.js';
import { type Homes, openHomes, type Places } from './destination.js';
import { encodeDevice } from './make-device.js';

/** Paths that are not there need no cover. */
const absent = ['ENOENT', 'ENOTDIR'] as const;

interface CoveredPlace {
  /** Says which path it is that the subroutine then opens. */
  at(place: TreePlace, does: Does): readonly Line[];
  /** Inside the subroutine that all paths share. */
  open(to: Slot, missing: Label): readonly Line[];
}

/** A path that is to be covered, if it is there (destination.ts). */
function coveredPlace(launch: Launch, places: Places, homes: Homes): CoveredPlace {
  const { cells } = launch;
  const root = slot('covered_root');
  const path = slot('covered_path');
  return {
    at: (place, does) => {
      const within = homes.of(place);
      const [from, way] = within ? [within.root, within.rest] : [cells.rootFd, place];
      return [move(root, from), move(path, text(way)), ...(within ? [] : places.say(way, does))];
    },
    open: (to, missing) => {
      const inside = label('covered_inside');
      return [
        branch(root, 'LT', 0, missing),
        resolve({ root, path: ref(path) }, { to, on: [absent, missing] }),
        branch(root, 'NE', cells.rootFd, inside),
        ...places.check(to),
        inside,
      ];
    },
  };
}

/** A node that files can be masked with, in a mount that is attached: before Linux 6.15 others cannot be cloned. */
interface NullDevice {
  readonly fd: Slot;
  readonly find: Action;
  readonly letGo: Action;
}

/** A node on a tmpfs of its own, which lies on the root for as long as it is needed. */
function ownNull({ open, cells }: Launch, nodes: Slot, to: Slot): readonly Line[] {
  return [
    ...newFilesystem(
      'tmpfs',
      'tmpfs',
      [
        ['nr_inodes', '2'],
        ['mode', '755'],
      ],
      MountAttr.NOSUID | MountAttr.NOEXEC,
      nodes,
    ),
    sys('mknodat', [nodes, text('null'), S_IFCHR | 0o666, encodeDevice(1, 3)]),
    attach(nodes, cells.rootFd),
    sys('openat', [nodes, text('null'), open.PATH | open.NOFOLLOW | open.CLOEXEC, 0], { to }),
  ];
}

/** No node can be made in a user namespace. What masks is read-only, so nobody inside changes the host's. */
function hostNull({ open }: Launch, to: Slot): readonly Line[] {
  return [sys('openat', [AT_FDCWD, text('/dev/null'), open.PATH | open.NOFOLLOW | open.CLOEXEC, 0], { to })];
}

/**
 * The container's own /dev/null. The host's would be the host's inode, whose mode and owner anybody inside could change for the whole host. Where the
 * container has none, a node on a tmpfs of its own, which lies on the root for as long as it is needed: what starts at the root's descriptor does not
 * see it.
 */
function nullDevice(launch: Launch, dev: Slot): NullDevice {
  const { open, cells } = launch;
  const fd = slot('null_fd', -1);
  const nodes = slot('null_nodes', -1);
  const stat = buffer('null_stat', 256);
  const value = slot('null_value');
  const [other, without, done, none] = [
    label('null_other'),
    label('null_without'),
    label('null_done'),
    label('null_none'),
  ];
  return {
    fd,
    find: operation({ kind: 'open-null', because: rule('masked files show it') }, [
      sys('openat', [dev, text('null'), open.PATH | open.NOFOLLOW | open.CLOEXEC, 0], {
        to: fd,
        on: [anyErrno, without],
      }),
      // CVE-2025-31133: what is bound over a secret must be the null device and nothing else.
      sys('statx', [fd, text(''), AT_EMPTY_PATH, STATX_BASIC_STATS, stat]),
      load(value, 'U16', stat, Statx.MODE),
      alu(value, value, 'AND', S_IFMT),
      branch(value, 'NE', S_IFCHR, other),
      load(value, 'U32', stat, Statx.RDEV_MAJOR),
      branch(value, 'NE', 1, other),
      load(value, 'U32', stat, Statx.RDEV_MINOR),
      branch(value, 'EQ', 3, done),
      other,
      sys('close', [fd]),
      without,
      ...(isConfined(launch) ? hostNull(launch, fd) : ownNull(launch, nodes, fd)),
      done,
    ]),
    letGo: operation({ kind: 'let-go-of-null', because: rule('masked files show it') }, [
      sys('close', [fd]),
      branch(nodes, 'LT', 0, none),
      sys('fchdir', [nodes]),
      sys('umount2', [text('.'), MNT_DETACH]),
      sys('fchdir', [cells.rootFd]),
      sys('close', [nodes]),
      none,
    ]),
  };
}

type Does = OperationOf<'mask'> | OperationOf<'make-readonly'>;

/** A path that is covered, as a record. */
export interface PlannedCover<D extends Does = Does> {
  readonly does: D;
  readonly place: TreePlace;
}

/** All of them, masked ones first, in the order of config.json. */
export function plannedCovers(launch: Launch): readonly PlannedCover[] {
  const { maskedPaths, readonlyPaths } = launch.config.linux;
  return [
    ...maskedPaths.map(({ path, place, index }) => ({
      does: { kind: 'mask' as const, path, because: launch.because('linux', 'maskedPaths', index) },
      place,
    })),
    ...readonlyPaths.map(({ path, place, index }) => ({
      does: {
        kind: 'make-readonly' as const,
        path,
        because: launch.because('linux', 'readonlyPaths', index),
      },
      place,
    })),
  ];
}

/** `dev`: the container's /dev, opened. */
export function coveredPaths(
  launch: Launch,
  places: Places,
  dev: Slot,
  covers: readonly PlannedCover[],
): readonly Action[] {
  const homes = openHomes(
    launch,
    covers.map(({ place }) => place),
  );
  const place = coveredPlace(launch, places, homes);
  const of = (kind: Does['kind']) => covers.filter(({ does }) => does.kind === kind);
  return [
    ...homes.open,
    ...maskAll(launch, dev, of('mask'), place),
    ...protectAll(of('make-readonly'), place),
  ];
}

function maskAll(
  launch: Launch,
  dev: Slot,
  covers: readonly PlannedCover[],
  covered: CoveredPlace,
): readonly Action[] {
  if (covers.length === 0) return [];
  const device = nullDevice(launch, dev);
  // One empty read-only tmpfs serves every masked directory: made for the first one, and cloned from there.
  const empty = slot('empty_fd', -1);
  const stat = buffer('mask_stat', 256);
  const value = slot('mask_value');
  const destination = slot('mask_destination');
  const cover = slot('mask_cover');
  const skip = label('mask_skip');
  const isFile = label('mask_file');
  const made = label('mask_made');
  const ready = label('mask_ready');
  const mask = subroutine('mask', [
    ...covered.open(destination, skip),
    sys('statx', [destination, text(''), AT_EMPTY_PATH, STATX_TYPE, stat]),
    load(value, 'U16', stat, Statx.MODE),
    alu(value, value, 'AND', S_IFMT),
    branch(value, 'NE', S_IFDIR, isFile),
    branch(empty, 'GE', 0, made),
    ...newFilesystem(
      'tmpfs',
      'tmpfs',
      [
        ['nr_blocks', '1'],
        ['nr_inodes', '1'],
        ['mode', '755'],
      ],
      MountAttr.RDONLY | MountAttr.NOSUID | MountAttr.NODEV | MountAttr.NOEXEC,
      empty,
    ),
    sys('fcntl', [empty, F_DUPFD_CLOEXEC, 0], { to: cover }),
    jump(ready),
    made,
    cloneTree(empty, false, cover),
    jump(ready),
    isFile,
    cloneTree(device.fd, false, cover),
    // The node may be one of many names: of a /dev that config.json binds, or of the image.
    setAttributes(cover, MountAttr.RDONLY | MountAttr.NOSUID | MountAttr.NOEXEC, 0, 0, false),
    ready,
    attach(cover, destination),
    sys('close', [cover]),
    sys('close', [destination]),
    skip,
  ]);
  const masks = covers.map(({ does, place }) => operation(does, [...covered.at(place, does), call(mask)]));
  return [device.find, ...masks, device.letGo];
}

function protectAll(covers: readonly PlannedCover[], covered: CoveredPlace): readonly Action[] {
  const destination = slot('readonly_destination');
  const mount = slot('readonly_mount');
  const skip = label('readonly_skip');
  const protect = subroutine('make_readonly', [
    ...covered.open(destination, skip),
    cloneTree(destination, true, mount),
    setAttributes(mount, MountAttr.RDONLY, 0, 0, true),
    attach(mount, destination),
    sys('close', [mount]),
    sys('close', [destination]),
    skip,
  ]);
  return covers.map(({ does, place }) => operation(does, [...covered.at(place, does), call(protect)]));
}
