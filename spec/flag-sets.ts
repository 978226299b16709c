/**
 * What the bits and numbers in arguments of system calls are called: what `explain --steps` prints, as strace does. The names of
 * the argument kinds in `spec/syscalls.ts` and `spec/instructions.ts` lead here. Names are the kernel's own, and a test compares all of them with its headers.
 */
import { capabilities } from './capabilities.js';
import { errnos } from './errno.js';
import type { Arch } from './image.js';
import * as kernel from './kernel.js';
import { signals } from './signals.js';

export type Names = Readonly<Record<string, number | bigint>>;

export interface FlagSet {
  /** Numbers of which it is one (those under `mask`, if there are bits beside them). */
  readonly one?: Names;
  readonly mask?: readonly [name: string, bits: number];
  /** The name of no bit at all. */
  readonly zero?: string;
  /** Bits, in the order in which they are printed; what holds another comes before it. */
  readonly bits?: Names;
  /** What is left is printed so; hexadecimal if nothing is said. */
  readonly rest?: 'octal' | 'decimal';
}

const prefixed = (prefix: string, numbers: Names): Names =>
  Object.fromEntries(Object.entries(numbers).map(([name, value]) => [`${prefix}${name}`, value]));

/** The access mode is a number of two bits; all others are bits of their own, in the order of `openFlags`. */
function openSet(arch: Arch): FlagSet {
  const { RDONLY, WRONLY, RDWR, TMPFILE, ...others } = kernel.openFlags(arch);
  const bits = prefixed('O_', { TMPFILE, ...others });
  return { one: prefixed('O_', { RDONLY, WRONLY, RDWR }), mask: ['O_ACCMODE', kernel.O_ACCMODE], bits };
}

const at = {
  AT_SYMLINK_NOFOLLOW: kernel.AT_SYMLINK_NOFOLLOW,
  AT_SYMLINK_FOLLOW: kernel.AT_SYMLINK_FOLLOW,
  AT_NO_AUTOMOUNT: kernel.AT_NO_AUTOMOUNT,
  AT_EMPTY_PATH: kernel.AT_EMPTY_PATH,
  AT_RECURSIVE: kernel.AT_RECURSIVE,
};
const fileTypes: Names = {
  S_IFDIR: kernel.S_IFDIR,
  S_IFLNK: kernel.S_IFLNK,
  S_IFCHR: kernel.S_IFCHR,
  S_IFBLK: kernel.S_IFBLK,
  S_IFIFO: kernel.S_IFIFO,
  S_IFSOCK: kernel.S_IFSOCK,
  S_IFREG: kernel.S_IFREG,
};
/** Zero, which says nothing beside other bits, is not shown. */
const { RELATIME, ...mountAttributes } = kernel.MountAttr;
const { CAP_AMBIENT_RAISE, CAP_AMBIENT_CLEAR_ALL, ...prctlOperations } = kernel.Prctl;
const { PROG_LOAD, PROG_ATTACH } = kernel.Bpf;
const propagation = prefixed('MS_', kernel.Propagation);

/** Those that are the same on both architectures. */
const common = {
  mode: { rest: 'octal' },
  S_IF: { one: fileTypes, mask: ['S_IFMT', kernel.S_IFMT], rest: 'octal' },
  decimal: { rest: 'decimal' },
  O_CLOEXEC: { bits: { O_CLOEXEC: kernel.openFlags('x86_64').CLOEXEC } },
  AT_: { bits: at },
  AT_EACCESS: { bits: { ...at, AT_EACCESS: kernel.AT_EACCESS } },
  AT_REMOVEDIR: { bits: { ...at, AT_REMOVEDIR: kernel.AT_REMOVEDIR } },
  AT_STATX_: { bits: { ...at, AT_STATX_DONT_SYNC: kernel.AT_STATX_DONT_SYNC } },
  OPEN_TREE_: {
    bits: {
      OPEN_TREE_CLONE: kernel.OPEN_TREE_CLONE,
      ...at,
      OPEN_TREE_CLOEXEC: kernel.OPEN_TREE_CLOEXEC,
    },
  },
  STATX_: {
    bits: {
      STATX_BASIC_STATS: kernel.STATX_BASIC_STATS,
      STATX_TYPE: kernel.STATX_TYPE,
      STATX_MODE: kernel.STATX_MODE,
      STATX_INO: kernel.STATX_INO,
      STATX_MNT_ID: kernel.STATX_MNT_ID,
      STATX_MNT_ID_UNIQUE: kernel.STATX_MNT_ID_UNIQUE,
    },
  },
  OK: { zero: 'F_OK', bits: { X_OK: kernel.X_OK } },
  CLONE_: { bits: prefixed('CLONE_', kernel.Clone) },
  CLOSE_RANGE_: { bits: { CLOSE_RANGE_CLOEXEC: kernel.CLOSE_RANGE_CLOEXEC } },
  F_: {
    one: {
      F_GETFD: kernel.F_GETFD,
      F_SETFD: kernel.F_SETFD,
      F_GETFL: kernel.F_GETFL,
      F_SETFL: kernel.F_SETFL,
      F_DUPFD_CLOEXEC: kernel.F_DUPFD_CLOEXEC,
    },
  },
  FD_: { bits: { FD_CLOEXEC: kernel.FD_CLOEXEC } },
  ioctl: {
    one: {
      TIOCSCTTY: kernel.TIOCSCTTY,
      TIOCGWINSZ: kernel.TIOCGWINSZ,
      TIOCSWINSZ: kernel.TIOCSWINSZ,
      TIOCSPTLCK: kernel.TIOCSPTLCK,
      TIOCGPTPEER: kernel.TIOCGPTPEER,
      SIOCGIFINDEX: kernel.SIOCGIFINDEX,
      SIOCGIFFLAGS: kernel.SIOCGIFFLAGS,
      SIOCSIFFLAGS: kernel.SIOCSIFFLAGS,
      CHOS_IOC_SET_LINK: kernel.ChosIoctl.SET_LINK,
      CHOS_IOC_GET_LINK: kernel.ChosIoctl.GET_LINK,
    },
  },
  SEEK_: {
    one: { SEEK_SET: kernel.SEEK_SET, SEEK_CUR: kernel.SEEK_CUR, SEEK_END: kernel.SEEK_END },
  },
  LOCK_: {
    bits: {
      LOCK_SH: kernel.LOCK_SH,
      LOCK_EX: kernel.LOCK_EX,
      LOCK_UN: kernel.LOCK_UN,
      LOCK_NB: kernel.LOCK_NB,
    },
  },
  RENAME_: { bits: { RENAME_EXCHANGE: kernel.RENAME_EXCHANGE } },
  RESOLVE_: { bits: prefixed('RESOLVE_', kernel.OpenHow) },
  FSOPEN_: { bits: { FSOPEN_CLOEXEC: kernel.FSOPEN_CLOEXEC } },
  FSPICK_: {
    bits: { FSPICK_CLOEXEC: kernel.FSPICK_CLOEXEC, FSPICK_EMPTY_PATH: kernel.FSPICK_EMPTY_PATH },
  },
  FSCONFIG_: { one: prefixed('FSCONFIG_', kernel.FsConfig) },
  FSMOUNT_: { bits: { FSMOUNT_CLOEXEC: kernel.FSMOUNT_CLOEXEC } },
  MOVE_MOUNT_: {
    bits: {
      MOVE_MOUNT_F_EMPTY_PATH: kernel.MOVE_MOUNT_F_EMPTY_PATH,
      MOVE_MOUNT_T_EMPTY_PATH: kernel.MOVE_MOUNT_T_EMPTY_PATH,
    },
  },
  MOUNT_ATTR_: {
    bits: prefixed('MOUNT_ATTR_', mountAttributes),
  },
  MS_: { bits: { ...prefixed('MS_', kernel.MountFlag), ...propagation } },
  MNT_: { bits: { MNT_DETACH: kernel.MNT_DETACH, UMOUNT_NOFOLLOW: kernel.UMOUNT_NOFOLLOW } },
  PR_: { one: prefixed('PR_', prctlOperations) },
  PR_CAP_AMBIENT_: { one: prefixed('PR_', { CAP_AMBIENT_RAISE, CAP_AMBIENT_CLEAR_ALL }) },
  CAP_: { one: capabilities },
  SECCOMP_: { one: { SECCOMP_SET_MODE_FILTER: kernel.SECCOMP_SET_MODE_FILTER } },
  SECCOMP_FILTER_FLAG_: { bits: prefixed('SECCOMP_FILTER_FLAG_', kernel.SeccompFilterFlag) },
  RLIMIT_: { one: kernel.resourceLimits },
  SIG_: { one: { SIG_BLOCK: kernel.SIG_BLOCK, SIG_SETMASK: kernel.SIG_SETMASK } },
  SIG: { one: prefixed('SIG', signals), rest: 'decimal' },
  SFD_: { bits: { SFD_NONBLOCK: kernel.SFD_NONBLOCK, SFD_CLOEXEC: kernel.SFD_CLOEXEC } },
  P_: { one: { P_PIDFD: kernel.P_PIDFD } },
  W: { bits: { WEXITED: kernel.WEXITED } },
  AF_: { one: { AF_UNIX: kernel.AF_UNIX, AF_INET: kernel.AF_INET, AF_NETLINK: kernel.AF_NETLINK } },
  SOCK_: {
    one: {
      SOCK_STREAM: kernel.SOCK_STREAM,
      SOCK_DGRAM: kernel.SOCK_DGRAM,
      SOCK_RAW: kernel.SOCK_RAW,
      SOCK_SEQPACKET: kernel.SOCK_SEQPACKET,
    },
    mask: ['SOCK_TYPE_MASK', 0xf],
    bits: { SOCK_CLOEXEC: kernel.SOCK_CLOEXEC, SOCK_NONBLOCK: kernel.SOCK_NONBLOCK },
  },
  SOL_: { one: { SOL_SOCKET: kernel.SOL_SOCKET, SOL_NETLINK: kernel.SOL_NETLINK } },
  SO_: { one: { SO_PEERCRED: kernel.SO_PEERCRED, SO_SNDTIMEO: kernel.SO_SNDTIMEO } },
  MFD_: { bits: { MFD_CLOEXEC: kernel.MFD_CLOEXEC } },
  CLOCK_: {
    one: { CLOCK_REALTIME: kernel.CLOCK_REALTIME, CLOCK_MONOTONIC: kernel.CLOCK_MONOTONIC },
  },
  IOPRIO_WHO_: { one: { IOPRIO_WHO_PROCESS: kernel.IOPRIO_WHO_PROCESS } },
  MPOL_: { one: kernel.memoryModes, mask: ['MPOL_MODE_FLAGS', 0xfff], bits: kernel.memoryFlags },
  PER_: { one: kernel.personalities },
  KEYCTL_: { one: { KEYCTL_JOIN_SESSION_KEYRING: kernel.KEYCTL_JOIN_SESSION_KEYRING } },
  BPF_: { one: prefixed('BPF_', { PROG_LOAD, PROG_ATTACH }) },
  errno: {
    one: Object.fromEntries(Object.entries(errnos).map(([name, { number }]) => [name, number])),
    rest: 'decimal',
  },
} as const satisfies Readonly<Record<string, FlagSet>>;

/** O_PATH: as O_, for RESOLVE, which takes no flags for that one. Device numbers are shown as makedev(major, minor), sets of signals as ~[CHLD PIPE]. */
export type FlagSetName = keyof typeof common | 'O_' | 'O_PATH' | 'dev' | 'signals';

export function flagSet(name: Exclude<FlagSetName, 'dev' | 'signals'>, arch: Arch): FlagSet {
  if (name === 'O_PATH') return { ...openSet(arch), zero: name };
  return name === 'O_' ? openSet(arch) : common[name];
}

/** Names of all sets that hold names, for those who check them. */
export const flagSetNames: readonly Exclude<FlagSetName, 'dev' | 'signals'>[] = [
  'O_',
  'O_PATH',
  ...(Object.keys(common) as (keyof typeof common)[]),
];

/** What the arguments behind an operation are, by the operation. */
export const operationArguments: Readonly<Record<string, readonly FlagSetName[]>> = {
  F_SETFD: ['FD_'],
  F_SETFL: ['O_'],
  TIOCGPTPEER: ['O_'],
  PR_SET_PDEATHSIG: ['SIG'],
  PR_CAPBSET_DROP: ['CAP_'],
  PR_CAP_AMBIENT: ['PR_CAP_AMBIENT_'],
  PR_CAP_AMBIENT_RAISE: ['CAP_'],
};

/** Members of structures that hold flags, in order: name, width, what it holds. */
export interface MemberNames {
  readonly name: string;
  readonly set?: FlagSetName;
}

const plain = (...names: readonly string[]): readonly MemberNames[] => names.map(name => ({ name }));

/** Structures of 64-bit members (linux/openat2.h, linux/mount.h, linux/sched.h, prlimit(2)). */
export const structures = {
  open_how: [
    { name: 'flags', set: 'O_' },
    { name: 'mode', set: 'mode' },
    { name: 'resolve', set: 'RESOLVE_' },
  ],
  mount_attr: [
    { name: 'attr_set', set: 'MOUNT_ATTR_' },
    { name: 'attr_clr', set: 'MOUNT_ATTR_' },
    { name: 'propagation', set: 'MS_' },
    { name: 'userns_fd' },
  ],
  clone_args: [
    { name: 'flags', set: 'CLONE_' },
    ...plain('pidfd', 'child_tid', 'parent_tid'),
    { name: 'exit_signal', set: 'SIG' },
    ...plain('stack', 'stack_size', 'tls', 'set_tid', 'set_tid_size', 'cgroup'),
  ],
  rlimit64: [
    { name: 'rlim_cur', set: 'decimal' },
    { name: 'rlim_max', set: 'decimal' },
  ],
} as const satisfies Readonly<Record<string, readonly MemberNames[]>>;

export type StructureName = keyof typeof structures;
/** How explain shows an argument. */
export type ShownAs = FlagSetName | StructureName;
