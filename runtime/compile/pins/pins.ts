/** The place of the pins, as launch programs make, lock and clear it. */
import { type PinPlace, PUBLIC } from '../../../spec/environment.js';
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_REMOVEDIR,
  Clone,
  LOCK_EX,
  MNT_DETACH,
  MountAttr,
  type OpenFlags,
  Propagation,
  STATX_ATTR_MOUNT_ROOT,
  STATX_BASIC_STATS,
  Statx,
  UMOUNT_NOFOLLOW,
} from '../../../spec/kernel.js';
import type { Action } from '../../program/action.js';
import { ignoring, when } from '../../program/control.js';
import { buffer, label, type Slot, slot, text } from '../../program/operand.js';
import { alu, branch, exit, guard, type Line, load, sys } from '../../program/step.js';
import { makeDirectory, removeFile } from '../idioms/entries.js';
import { attach, newFilesystem, setAttributes } from '../idioms/mount-steps.js';
import { operation } from '../idioms/operation.js';
import { rule } from '../launch/launch.js';

const EPERM = 1;
/** Modes of the two mounts, by which they are told apart. */
const CARRIER_MODE = 0o555;
const PINS_MODE = 0o700;

/** Into the mount namespace and root of process 1, wherever the caller is. */
export function enterHost(open: OpenFlags): Action {
  const namespace = slot('host_namespace_fd');
  const root = slot('host_root_fd');
  return operation({ kind: 'enter-host', because: rule('trees belong to the machine') }, [
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
  ]);
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
  const mounted = label('pins_mounted');
  const hardened = MountAttr.NOSUID | MountAttr.NODEV | MountAttr.NOEXEC;
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
    ...when(
      attributes,
      'ANY',
      STATX_ATTR_MOUNT_ROOT,
      [branch(value, 'NE', CARRIER_MODE, mounted)],
      [...ownTmpfs(CARRIER_MODE, '4k', MountAttr.RDONLY | hardened, mount), attach(mount, pins), ...reopen],
    ),
    setAttributes(pins, 0, 0, Propagation.PRIVATE, false),
    ...ownTmpfs(PINS_MODE, '64m', hardened, mount),
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

function ownTmpfs(mode: number, size: string, attributes: number, to: Slot): readonly Line[] {
  return newFilesystem(
    'tmpfs',
    'chos-trees',
    [
      ['mode', mode.toString(8)],
      ['size', size],
    ],
    attributes,
    to,
  );
}

/** One prepare or release at a time; the tmpfs is mounted by the first. `pins` receives its directory. */
export function lockPins(place: PinPlace, open: OpenFlags, pins: Slot): readonly Action[] {
  const lock = slot('pins_lock');
  const path = place.directory;
  const directory = open.RDONLY | open.DIRECTORY | open.NOFOLLOW | open.CLOEXEC;
  const shared = open.RDWR | open.CREAT | open.NOFOLLOW | open.CLOEXEC;
  return [
    operation({ kind: 'lock-pins', directory: path, because: rule('one prepare or release at a time') }, [
      sys('openat', [AT_FDCWD, text(`${path}.lock`), shared, 0o600], { to: lock }),
      sys('flock', [lock, LOCK_EX]),
    ]),
    operation({ kind: 'open-pins', directory: path, because: rule('pins live in a tmpfs of our own') }, [
      ...makeDirectory(AT_FDCWD, path, 0o700),
      sys('openat', [AT_FDCWD, text(path), directory, 0], { to: pins }),
      ...mountPins(place, pins, directory),
    ]),
  ];
}

/** Remove a generation, whatever of it is there. Processes that are in the namespace keep it. */
export function unpin(pins: Slot, path: string, name: string): readonly Line[] {
  return [
    ...ignoring(['EINVAL', 'ENOENT'], unmounted => [
      sys('umount2', [text(path), MNT_DETACH | UMOUNT_NOFOLLOW], unmounted),
    ]),
    ...['', '.json', '.closing', '.mounts'].flatMap(suffix => removeFile(pins, text(`${name}${suffix}`))),
    ...removeFile(AT_FDCWD, text(`${PUBLIC}/${name}`)),
  ];
}

/** Those that were closed before. */
export function unpinAll(
  place: PinPlace,
  pins: Slot,
  names: readonly string[],
  why: string,
): readonly Action[] {
  return names.map(name =>
    operation(
      { kind: 'unpin', pin: name, because: rule(why) },
      unpin(pins, `${place.directory}/${name}`, name),
    ),
  );
}

const EMPTY_TMPFS = 40;

/** When the last generation is gone, so is the tmpfs; the next `prepare` mounts it anew. The lock stays: somebody may be waiting for it. */
export function dropEmptyPlace({ directory }: PinPlace, pins: Slot): Action {
  const stat = buffer('place_stat', 256);
  const size = slot('place_size');
  const unmount = [text(directory), UMOUNT_NOFOLLOW];
  return operation({ kind: 'drop-empty-pins', directory, because: rule('nothing is pinned') }, [
    // The size of a directory of tmpfs counts its entries, "." and ".." too (BOGO_DIRENT_SIZE, mm/shmem.c).
    sys('statx', [pins, text(''), AT_EMPTY_PATH, STATX_BASIC_STATS, stat]),
    load(size, 'U64', stat, Statx.SIZE),
    ...when(size, 'LE', EMPTY_TMPFS, [
      sys('close', [pins]),
      ...ignoring(['EBUSY', 'EINVAL'], used => [
        // The carrier first appears when the tmpfs on it has gone.
        sys('umount2', unmount, used),
        sys('umount2', unmount, used),
        ...ignoring(['ENOTEMPTY', 'EBUSY', 'ENOENT', 'EROFS'], kept => [
          sys('unlinkat', [AT_FDCWD, text(directory), AT_REMOVEDIR], kept),
        ]),
      ]),
    ]),
  ]);
}

/** The command's last words, and its end. */
export function printAndEnd(line: string, why: string): Action {
  return operation({ kind: 'print-result', line, because: rule(why) }, printed(line));
}

export function printed(line: string): readonly Line[] {
  const words = text(`${line}\n`);
  return [sys('write', [1, words, words.size - 1]), exit(0)];
}
