/** Devices of the host on the standard streams of a process of the container. */
import { anyErrno } from '../../../spec/errno.js';
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  F_GETFL,
  F_SETFL,
  MountAttr,
  O_ACCMODE,
  type OpenFlags,
  OpenHow,
  S_IFCHR,
  STATX_BASIC_STATS,
  Statx,
} from '../../../spec/kernel.js';
import type { Action } from '../../program/action.js';
import { ignoring, repeatWhile, when } from '../../program/control.js';
import {
  buffer,
  type Label,
  label,
  type Operand,
  ref,
  type Slot,
  slot,
  struct,
  text,
  u64,
} from '../../program/operand.js';
import {
  alu,
  branch,
  call,
  jump,
  type Line,
  load,
  move,
  store,
  subroutine,
  sys,
} from '../../program/step.js';
import { fileType } from '../idioms/file-type.js';
import { newFilesystem } from '../idioms/mount-steps.js';
import { operation } from '../idioms/operation.js';
import { isConfined } from '../launch/confined.js';
import { type ProcessLaunch, rule } from '../launch/launch.js';

/** Devices of major number 1 that every container has (config-linux.md, "Default Devices"). A terminal is the caller's choice. */
const devices: readonly (readonly [minor: number, name: string])[] = [
  [3, 'null'],
  [5, 'zero'],
  [7, 'full'],
  [8, 'random'],
  [9, 'urandom'],
];
const MEMORY_MAJOR = 1;

/** Which device it is: the minor number if it is a character device of that major number, else -1. */
interface Look {
  at(directory: Operand, path: Operand, flag: number): readonly Line[];
  readonly found: Slot;
}

function createLook(): Look {
  const stat = buffer('device_stat', 256);
  const value = slot('device_value');
  const [from, path, how] = [slot('device_from'), slot('device_at'), slot('device_how')];
  const found = slot('device_found');
  const look = subroutine('look_for_device', [
    move(found, -1),
    ...ignoring(anyErrno, other => [
      sys('statx', [from, ref(path), how, STATX_BASIC_STATS, stat], other),
      ...fileType(stat, value),
      ...when(value, 'EQ', S_IFCHR, [
        load(value, 'U32', stat, Statx.RDEV_MAJOR),
        ...when(value, 'EQ', MEMORY_MAJOR, [load(found, 'U32', stat, Statx.RDEV_MINOR)]),
      ]),
    ]),
  ]);
  return {
    found,
    at: (directory, path_, flag) => [move(from, directory), move(path, path_), move(how, flag), call(look)],
  };
}

/** A device that was found on a stream: what its own is called, and how it is open there. */
interface Wanted {
  readonly minor: Slot;
  /** Text. */
  readonly name: Slot;
  readonly path: Slot;
  readonly flags: Slot;
  /** Flags with which nothing that takes its place meanwhile can stop us. */
  readonly careful: Slot;
}

/** Goes on at `next` if the stream is none of `devices`. */
function recognise(stream: Slot, look: Look, wanted: Wanted, open: OpenFlags, next: Label): readonly Line[] {
  const known = label('device_known');
  const which = devices.map(([minor, name]) => ({ here: label(`device_${name}`), minor, name }));
  return [
    ...look.at(stream, text(''), AT_EMPTY_PATH),
    ...which.map(({ here, minor }) => branch(look.found, 'EQ', minor, here)),
    jump(next),
    ...which.flatMap(({ here, minor, name }) => [
      here,
      move(wanted.minor, minor),
      move(wanted.name, text(name)),
      move(wanted.path, text(`/dev/${name}`)),
      jump(known),
    ]),
    known,
    sys('fcntl', [stream, F_GETFL, 0], { to: wanted.flags }),
    alu(wanted.flags, wanted.flags, 'AND', O_ACCMODE | open.APPEND | open.NONBLOCK),
    // A FIFO that takes its place meanwhile must not stop us.
    alu(wanted.careful, wanted.flags, 'OR', open.NONBLOCK | open.CLOEXEC | open.NOCTTY),
  ];
}

/** The container's own if it is what it should be: a root file system may bring its own idea of a device, and another one must not even be opened, by us with all our rights. */
function openOwn(look: Look, { minor, path, careful }: Wanted, own: Slot, good: Label): readonly Line[] {
  // Without a link on the way: an image's could lead to /dev of a process of the host (/proc/PID/root, /proc/self/fd), by the rights we still have.
  const how = struct('device_how', [u64(0), u64(0), u64(OpenHow.NO_SYMLINKS)]);
  return [
    store('U64', how, 0, careful),
    ...look.at(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW),
    ...when(
      look.found,
      'EQ',
      minor,
      ignoring(anyErrno, without => [
        sys('openat2', [AT_FDCWD, ref(path), how, how.size], { to: own, ...without }),
        ...look.at(own, text(''), AT_EMPTY_PATH),
        branch(look.found, 'EQ', minor, good),
        sys('close', [own]),
      ]),
    ),
  ];
}

/** A new node on a tmpfs that is mounted nowhere; all of them are on the same. */
function makeOwn({ minor, name, careful }: Wanted, own: Slot): readonly Line[] {
  const nodes = slot('device_nodes', -1);
  const node = slot('device_node');
  const data = [
    ['nr_inodes', '8'],
    ['mode', '755'],
  ] as const;
  return [
    ...when(
      nodes,
      'LT',
      0,
      newFilesystem('tmpfs', 'tmpfs', data, MountAttr.NOSUID | MountAttr.NOEXEC, nodes),
    ),
    alu(node, minor, 'OR', MEMORY_MAJOR << 8),
    ...ignoring(['EEXIST'], there => [
      sys('mknodat', [nodes, ref(name), S_IFCHR | 0o666, node], there),
      // The umask may be the caller's.
      sys('fchmodat', [nodes, ref(name), 0o666]),
    ]),
    sys('openat', [nodes, ref(name), careful, 0], { to: own }),
  ];
}

/**
 * A descriptor of the host's /dev/null leads to the host's inode: whoever has it may change the mode and owner for the whole host, without any
 * capability, through /proc/self/fd. So the container's own takes its place; where it has none, or one that is something else, a new node on a tmpfs
 * that is mounted nowhere.
 */
export function ownDevices(launch: ProcessLaunch): Action {
  const { open } = launch;
  const look = createLook();
  const wanted = {
    minor: slot('device_wanted'),
    name: slot('device_name'),
    path: slot('device_path'),
    flags: slot('device_flags'),
    careful: slot('device_careful_flags'),
  };
  const stream = slot('device_stream');
  const own = slot('device_own', -1);
  const replace = label('device_replace');
  const next = label('device_next');
  return operation(
    { kind: 'own-devices', because: rule('standard streams') },
    repeatWhile(stream, 'LE', 2, [
      ...recognise(stream, look, wanted, open, next),
      ...openOwn(look, wanted, own, replace),
      // In a user namespace none can be made; and nobody in it owns the host's.
      ...(isConfined(launch) ? [jump(next)] : makeOwn(wanted, own)),
      replace,
      sys('fcntl', [own, F_SETFL, wanted.flags]),
      sys('dup3', [own, stream, 0]),
      sys('close', [own]),
      next,
      alu(stream, stream, 'ADD', 1),
    ]),
  );
}
