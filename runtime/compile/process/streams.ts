/**
 * The standard streams of a process of the container. What the caller has open there comes in as it is, with two exceptions: a device that the
 * container has too is replaced by the container's own, and a pipe or a file becomes the property of the process's user (SECURITY.md, "What of the host
 * a container can reach").
 */
import { anyErrno } from '../../../spec/errno.js';
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  F_GETFL,
  F_SETFL,
  MountAttr,
  O_ACCMODE,
  OpenHow,
  PIPEFS_MAGIC,
  S_IFCHR,
  S_IFIFO,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
  STATX_BASIC_STATS,
  Statx,
} from '../../../spec/kernel.js';
import type { NormalUser } from '../../../spec/normal-config.js';
import type { Action } from '../../program/action.js';
import {
  buffer,
  type Label,
  label,
  type Operand,
  ref,
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
import { newFilesystem } from '../idioms/mount-steps.js';
import { operation } from '../idioms/operation.js';
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

/**
 * A descriptor of the host's /dev/null leads to the host's inode: whoever has it may change the mode and owner for the whole host, without any
 * capability, through /proc/self/fd. So the container's own takes its place; where it has none, or one that is something else, a new node on a tmpfs
 * that is mounted nowhere.
 */
export function ownDevices({ open }: Pick<ProcessLaunch, 'open'>): Action {
  const stat = buffer('device_stat', 256);
  const value = slot('device_value');
  const [from, at, how] = [slot('device_from'), slot('device_at'), slot('device_how')];
  const found = slot('device_found');
  const stream = slot('device_stream');
  const [path, name, wanted, flags] = [
    slot('device_path'),
    slot('device_name'),
    slot('device_wanted'),
    slot('device_flags'),
  ];
  // Without a link on the way: an image's could lead to /dev of a process of the host (/proc/PID/root, /proc/self/fd), by the rights we still have.
  const careful = slot('device_careful_flags');
  const opening = struct('device_how', [u64(0), u64(0), u64(OpenHow.NO_SYMLINKS)]);
  const own = slot('device_own', -1);
  const nodes = slot('device_nodes', -1);
  const node = slot('device_node');
  const other = label('device_other');
  const look = subroutine('look_for_device', [
    move(found, -1),
    sys('statx', [from, ref(at), how, STATX_BASIC_STATS, stat], { on: [anyErrno, other] }),
    load(value, 'U16', stat, Statx.MODE),
    alu(value, value, 'AND', S_IFMT),
    branch(value, 'NE', S_IFCHR, other),
    load(value, 'U32', stat, Statx.RDEV_MAJOR),
    branch(value, 'NE', MEMORY_MAJOR, other),
    load(found, 'U32', stat, Statx.RDEV_MINOR),
    other,
  ]);
  const lookAt = (directory: Operand, path_: Operand, flag: number): readonly Line[] => [
    move(from, directory),
    move(at, path_),
    move(how, flag),
    call(look),
  ];
  const [again, known, without, makeNode, there, replace, next] = [
    label('device_again'),
    label('device_known'),
    label('device_without'),
    label('device_make_node'),
    label('device_node_there'),
    label('device_replace'),
    label('device_next'),
  ];
  const which: readonly (readonly [Label, number, string])[] = devices.map(([minor, called]) => [
    label(`device_${called}`),
    minor,
    called,
  ]);
  return operation({ kind: 'own-devices', because: rule('standard streams') }, [
    again,
    ...lookAt(stream, text(''), AT_EMPTY_PATH),
    ...which.map(([to, minor]) => branch(found, 'EQ', minor, to)),
    jump(next),
    ...which.flatMap(([here, minor, called]) => [
      here,
      move(wanted, minor),
      move(name, text(called)),
      move(path, text(`/dev/${called}`)),
      jump(known),
    ]),
    known,
    sys('fcntl', [stream, F_GETFL, 0], { to: flags }),
    alu(flags, flags, 'AND', O_ACCMODE | open.APPEND | open.NONBLOCK),
    // A FIFO that takes its place meanwhile must not stop us.
    alu(careful, flags, 'OR', open.NONBLOCK | open.CLOEXEC | open.NOCTTY),
    store('U64', opening, 0, careful),
    // A root file system may bring its own idea of a device: another one must not even be opened, by us with all our rights.
    ...lookAt(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW),
    branch(found, 'NE', wanted, without),
    sys('openat2', [AT_FDCWD, ref(path), opening, opening.size], { to: own, on: [anyErrno, without] }),
    ...lookAt(own, text(''), AT_EMPTY_PATH),
    branch(found, 'EQ', wanted, replace),
    sys('close', [own]),
    without,
    branch(nodes, 'GE', 0, makeNode),
    ...newFilesystem(
      'tmpfs',
      'tmpfs',
      [
        ['nr_inodes', '8'],
        ['mode', '755'],
      ],
      MountAttr.NOSUID | MountAttr.NOEXEC,
      nodes,
    ),
    makeNode,
    alu(node, wanted, 'OR', MEMORY_MAJOR << 8),
    sys('mknodat', [nodes, ref(name), S_IFCHR | 0o666, node], { on: [['EEXIST'], there] }),
    // The umask may be the caller's.
    sys('fchmodat', [nodes, ref(name), 0o666]),
    there,
    sys('openat', [nodes, ref(name), careful, 0], { to: own }),
    replace,
    sys('fcntl', [own, F_SETFL, flags]),
    sys('dup3', [own, stream, 0]),
    sys('close', [own]),
    next,
    alu(stream, stream, 'ADD', 1),
    branch(stream, 'LE', 2, again),
  ]);
}

/**
 * The user of the process must be able to open /dev/stdout again: pipes, sockets and files that it may write to anyway become its own. What is open
 * for reading only does not: `exec --user 1000 ID cat </etc/shadow` would give the file away for ever. Nor do devices and directories. It is a
 * courtesy: a file system that has no owners, or does not let them be changed, stops nothing, whatever it says.
 */
export function ownStreams(
  { uid }: NormalUser,
  because: ReturnType<ProcessLaunch['because']>,
): readonly Action[] {
  if (uid === 0) return [];
  const stat = buffer('stream_stat', 256);
  const stream = slot('stream');
  const value = slot('stream_value');
  const [again, pipe, file, own, next] = [
    label('stream_again'),
    label('stream_pipe'),
    label('stream_file'),
    label('stream_own'),
    label('stream_next'),
  ];
  const owner = slot('stream_owner');
  const tolerant = { on: [anyErrno, next] } as const;
  return [
    operation({ kind: 'own-streams', uid, because }, [
      again,
      sys('statx', [stream, text(''), AT_EMPTY_PATH, STATX_BASIC_STATS, stat], tolerant),
      load(owner, 'U32', stat, Statx.UID),
      branch(owner, 'EQ', uid, next),
      load(value, 'U16', stat, Statx.MODE),
      alu(value, value, 'AND', S_IFMT),
      branch(value, 'EQ', S_IFSOCK, own),
      branch(value, 'EQ', S_IFIFO, pipe),
      branch(value, 'EQ', S_IFREG, file),
      jump(next),
      pipe,
      // One with a name in a directory is a file.
      sys('fstatfs', [stream, stat], tolerant),
      load(value, 'U64', stat),
      branch(value, 'EQ', PIPEFS_MAGIC, own),
      file,
      sys('fcntl', [stream, F_GETFL, 0], { to: value, ...tolerant }),
      alu(value, value, 'AND', O_ACCMODE),
      branch(value, 'EQ', 0, next),
      own,
      sys('fchown', [stream, uid, -1], tolerant),
      next,
      alu(stream, stream, 'ADD', 1),
      branch(stream, 'LE', 2, again),
    ]),
  ];
}
