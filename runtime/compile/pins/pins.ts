/** The place of the pins, as launch programs make, lock and clear it. */
import type { PinPlace } from '../../../spec/environment.js';
import type { Arch } from '../../../spec/image.js';
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_REMOVEDIR,
  Clone,
  LOCK_EX,
  MNT_DETACH,
  MountAttr,
  type OpenFlags,
  openFlags,
  Propagation,
  STATX_ATTR_MOUNT_ROOT,
  STATX_BASIC_STATS,
  Statx,
  UMOUNT_NOFOLLOW,
} from '../../../spec/kernel.js';
import { type Action, action, type Program } from '../../program/action.js';
import { buffer, label, type Slot, slot, text } from '../../program/operand.js';
import { alu, branch, exit, exitReporting, guard, jump, type Line, load, sys } from '../../program/step.js';
import { guardKernel } from '../container/state.js';
import { attach, newFilesystem, setAttributes } from '../idioms/mount-steps.js';
import { rule } from '../launch/launch.js';

const EPERM = 1;
/** Modes of the two mounts, by which they are told apart. */
const CARRIER_MODE = 0o555;
const PINS_MODE = 0o700;

/** Into the mount namespace and root of process 1, wherever the caller is. */
export function enterHost(open: OpenFlags): Action {
  const namespace = slot('host_namespace_fd');
  const root = slot('host_root_fd');
  return action(
    { title: 'enter the mount namespace of process 1', because: rule('trees belong to the machine') },
    [
      sys('openat', [AT_FDCWD, text('/proc/1/ns/mnt'), open.RDONLY | open.CLOEXEC, 0], { to: namespace }),
      sys('openat', [AT_FDCWD, text('/proc/1/root'), open.PATH | open.DIRECTORY | open.CLOEXEC, 0], {
        to: root,
      }),
      sys('setns', [namespace, Clone.NEWNS]),
      sys('fchdir', [root]),
      sys('chroot', [text('.')]),
      sys('chdir', [text('/')]),
      sys('close', [namespace]),
      sys('close', [root]),
    ],
  );
}

/**
 * The tmpfs of the pins, mounted. /run is shared as a rule, and what is mounted on a shared mount appears in every namespace that has a copy of it
 * (systemd's PrivateTmp units, running containers). So an empty, read-only mount goes there first, the carrier, and is cut off; the tmpfs is
 * attached to that, unbindable already, and is at no moment anywhere else.
 */
function mountPins(place: PinPlace, pins: Slot, directory: number): readonly Line[] {
  const stat = buffer('pins_stat', 256);
  const attributes = slot('pins_attributes');
  const value = slot('pins_value');
  const mount = slot('pins_mount');
  const [carried, mounted, bare] = [label('pins_carried'), label('pins_mounted'), label('pins_bare')];
  const reopen = [
    sys('close', [mount]),
    sys('close', [pins]),
    sys('openat', [AT_FDCWD, text(place.directory), directory, 0], { to: pins }),
  ];
  const look = [
    sys('statx', [pins, text(''), AT_EMPTY_PATH, STATX_BASIC_STATS, stat]),
    load(value, 'U16', stat, Statx.MODE),
    alu(value, value, 'AND', 0o777),
  ];
  return [
    ...look,
    load(attributes, 'U64', stat, Statx.ATTRIBUTES),
    branch(attributes, 'NONE', STATX_ATTR_MOUNT_ROOT, bare),
    branch(value, 'NE', CARRIER_MODE, mounted),
    jump(carried),
    bare,
    ...newFilesystem(
      'tmpfs',
      'chos-trees',
      [
        ['mode', CARRIER_MODE.toString(8)],
        ['size', '4k'],
      ],
      MountAttr.RDONLY | MountAttr.NOSUID | MountAttr.NODEV | MountAttr.NOEXEC,
      mount,
    ),
    attach(mount, pins),
    ...reopen,
    carried,
    setAttributes(pins, 0, 0, Propagation.PRIVATE, false),
    ...newFilesystem(
      'tmpfs',
      'chos-trees',
      [
        ['mode', PINS_MODE.toString(8)],
        ['size', '64m'],
      ],
      MountAttr.NOSUID | MountAttr.NODEV | MountAttr.NOEXEC,
      mount,
    ),
    setAttributes(mount, 0, 0, Propagation.UNBINDABLE, false),
    attach(mount, pins),
    ...reopen,
    mounted,
    // A tmpfs of somebody else's would let him replace pins.
    ...look,
    guard(value, 'EQ', PINS_MODE, EPERM),
    load(value, 'U32', stat, Statx.UID),
    guard(value, 'EQ', 0, EPERM),
    // Once more: somebody may have changed the propagation of all of the host's mounts, which makes it bindable.
    setAttributes(pins, 0, 0, Propagation.UNBINDABLE, false),
  ];
}

/** One prepare or release at a time; the tmpfs is mounted by the first. `pins` receives its directory. */
export function lockPins(place: PinPlace, open: OpenFlags, pins: Slot): readonly Action[] {
  const lock = slot('pins_lock');
  const exists = label('pins_exist');
  const directory = open.RDONLY | open.DIRECTORY | open.NOFOLLOW | open.CLOEXEC;
  return [
    action({ title: `lock ${place.directory}`, because: rule('one prepare or release at a time') }, [
      sys(
        'openat',
        [
          AT_FDCWD,
          text(`${place.directory}.lock`),
          open.RDWR | open.CREAT | open.NOFOLLOW | open.CLOEXEC,
          0o600,
        ],
        { to: lock },
      ),
      sys('flock', [lock, LOCK_EX]),
    ]),
    action({ title: `open ${place.directory}`, because: rule('pins live in a tmpfs of our own') }, [
      sys('mkdirat', [AT_FDCWD, text(place.directory), 0o700], { on: [['EEXIST'], exists] }),
      exists,
      sys('openat', [AT_FDCWD, text(place.directory), directory, 0], { to: pins }),
      ...mountPins(place, pins, directory),
    ]),
  ];
}

/** Remove a generation, whatever of it is there. Processes that are in the namespace keep it. */
export function unpin(pins: Slot, path: string, name: string): readonly Line[] {
  const unmounted = label('unpinned');
  return [
    sys('umount2', [text(path), MNT_DETACH | UMOUNT_NOFOLLOW], { on: [['EINVAL', 'ENOENT'], unmounted] }),
    unmounted,
    ...['', '.json', '.closing', '.mounts'].flatMap(suffix => {
      const gone = label('gone');
      return [sys('unlinkat', [pins, text(`${name}${suffix}`), 0], { on: [['ENOENT'], gone] }), gone];
    }),
  ];
}

const EMPTY_TMPFS = 40;

/** When the last generation is gone, so is the tmpfs; the next `prepare` mounts it anew. The lock stays: somebody may be waiting for it. */
export function dropEmptyPlace(place: PinPlace, pins: Slot): Action {
  const stat = buffer('place_stat', 256);
  const size = slot('place_size');
  const used = label('place_used');
  return action({ title: `drop ${place.directory} if it is empty`, because: rule('nothing is pinned') }, [
    // The size of a directory of tmpfs counts its entries, "." and ".." too (BOGO_DIRENT_SIZE, mm/shmem.c).
    sys('statx', [pins, text(''), 0x1000, 0x7ff, stat]),
    load(size, 'U64', stat, Statx.SIZE),
    branch(size, 'GT', EMPTY_TMPFS, used),
    sys('close', [pins]),
    // The carrier first appears when the tmpfs on it has gone.
    ...['pins', 'carrier'].map(() =>
      sys('umount2', [text(place.directory), UMOUNT_NOFOLLOW], { on: [['EBUSY', 'EINVAL'], used] }),
    ),
    sys('unlinkat', [AT_FDCWD, text(place.directory), AT_REMOVEDIR], {
      on: [['ENOTEMPTY', 'EBUSY', 'ENOENT', 'EROFS'], used],
    }),
    used,
  ]);
}

/** `tree release`: unpin generations that were closed before. */
export function compileRelease(input: {
  readonly arch: Arch;
  readonly place: PinPlace;
  readonly enter: boolean;
  /** File names, e.g. `debian12@7`. */
  readonly generations: readonly string[];
  /** Printed at the end. */
  readonly summary: string;
}): Program {
  const open = openFlags(input.arch);
  const pins = slot('pins', -1);
  const { place } = input;
  const line = `${input.summary}\n`;
  return {
    arch: input.arch,
    joins: false,
    tracks: [
      {
        name: 'host',
        actions: [
          guardKernel(),
          ...(input.enter ? [enterHost(open)] : []),
          ...lockPins(place, open, pins),
          ...input.generations.map(name =>
            action({ title: `unpin ${name}`, because: rule('tree release') }, [
              ...unpin(pins, `${place.directory}/${name}`, name),
            ]),
          ),
          dropEmptyPlace(place, pins),
          action({ title: 'say so', because: rule('tree release') }, [
            sys('write', [1, text(line), Buffer.byteLength(line)]),
            exit(0),
          ]),
        ],
        failed: [exitReporting(1)],
      },
    ],
    entries: [{ entry: 'host', track: 'host' }],
    parameters: new Map(),
  };
}
