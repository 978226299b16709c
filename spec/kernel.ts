/**
 * Numbers of the kernel's interface that launch programs use. The header that each comes from is named; those that differ between
 * architectures are in `openFlags`.
 */
import type { Arch } from './image.js';

// fcntl.h
export const AT_FDCWD = -100;
export const AT_SYMLINK_NOFOLLOW = 0x100;
export const AT_SYMLINK_FOLLOW = 0x400;
export const AT_EACCESS = 0x200;
export const AT_REMOVEDIR = 0x200;
export const AT_NO_AUTOMOUNT = 0x800;
/** What is asked for does not change: no server of a network file system has to be asked. */
export const AT_STATX_DONT_SYNC = 0x4000;
export const AT_RECURSIVE = 0x8000;
export const AT_EMPTY_PATH = 0x1000;
export const CLOSE_RANGE_CLOEXEC = 4; // linux/close_range.h
export const F_GETFD = 1;
export const F_SETFD = 2;
export const F_GETFL = 3;
export const F_SETFL = 4;
export const F_DUPFD_CLOEXEC = 1030; // linux/fcntl.h
export const FD_CLOEXEC = 1;
export const O_ACCMODE = 3;
// unistd.h
export const F_OK = 0;
export const X_OK = 1;

export interface OpenFlags {
  readonly RDONLY: number;
  readonly WRONLY: number;
  readonly RDWR: number;
  readonly CREAT: number;
  readonly EXCL: number;
  readonly NOCTTY: number;
  readonly TRUNC: number;
  readonly APPEND: number;
  readonly NONBLOCK: number;
  readonly DIRECTORY: number;
  readonly NOFOLLOW: number;
  readonly CLOEXEC: number;
  readonly PATH: number;
  /** With DIRECTORY in it, as the kernel wants it. */
  readonly TMPFILE: number;
}

/** open(2) flags: asm-generic/fcntl.h, and arch/arm64/include/uapi/asm/fcntl.h where that differs. */
export function openFlags(arch: Arch): OpenFlags {
  const arm = arch === 'aarch64';
  return {
    RDONLY: 0,
    WRONLY: 1,
    RDWR: 2,
    CREAT: 0o100,
    EXCL: 0o200,
    NOCTTY: 0o400,
    TRUNC: 0o1000,
    APPEND: 0o2000,
    NONBLOCK: 0o4000,
    DIRECTORY: arm ? 0o40000 : 0o200000,
    NOFOLLOW: arm ? 0o100000 : 0o400000,
    CLOEXEC: 0o2000000,
    PATH: 0o10000000,
    TMPFILE: 0o20000000 | (arm ? 0o40000 : 0o200000),
  };
}

// linux/stat.h
export const STATX_TYPE = 1;
export const STATX_MODE = 2;
export const STATX_INO = 0x100;
export const STATX_BASIC_STATS = 0x7ff;
export const STATX_MNT_ID = 0x1000;
/** Since Linux 6.8: a number that is never given out again. */
export const STATX_MNT_ID_UNIQUE = 0x4000;
/** A bit of stx_attributes. */
export const STATX_ATTR_MOUNT_ROOT = 0x2000;
/** Offsets in struct statx. */
export const Statx = {
  ATTRIBUTES: 8,
  LINKS: 16,
  UID: 20,
  GID: 24,
  MODE: 28,
  INO: 32,
  SIZE: 40,
  RDEV_MAJOR: 128,
  RDEV_MINOR: 132,
  DEV_MAJOR: 136,
  DEV_MINOR: 140,
  MNT_ID: 144,
};
export const S_ISVTX = 0o1000;
export const S_IFMT = 0o170000;
export const S_IFDIR = 0o040000;
export const S_IFLNK = 0o120000;
export const S_IFCHR = 0o020000;
export const S_IFBLK = 0o060000;
export const S_IFIFO = 0o010000;
export const S_IFSOCK = 0o140000;
export const S_IFREG = 0o100000;

// linux/sched.h
export const Clone = {
  NEWTIME: 0x80,
  NEWNS: 0x00020000,
  NEWCGROUP: 0x02000000,
  NEWUTS: 0x04000000,
  NEWIPC: 0x08000000,
  NEWUSER: 0x10000000,
  NEWPID: 0x20000000,
  NEWNET: 0x40000000,
  PIDFD: 0x00001000,
  PARENT: 0x00008000,
  INTO_CGROUP: 0x200000000n,
} as const;
export const SIGCHLD = 17;
export const SIGKILL = 9;

// linux/mount.h
export const OPEN_TREE_CLONE = 1;
export const OPEN_TREE_CLOEXEC = 0o2000000;
export const MOVE_MOUNT_F_EMPTY_PATH = 0x4;
export const MOVE_MOUNT_T_EMPTY_PATH = 0x40;
export const FSOPEN_CLOEXEC = 1;
export const FSPICK_CLOEXEC = 1;
export const FSPICK_EMPTY_PATH = 8;
export const FSMOUNT_CLOEXEC = 1;
export const FsConfig = { SET_FLAG: 0, SET_STRING: 1, CMD_CREATE: 6, CMD_RECONFIGURE: 7 } as const;
export const MountAttr = {
  RDONLY: 0x1,
  NOSUID: 0x2,
  NODEV: 0x4,
  NOEXEC: 0x8,
  /** With two underscores in the kernel's name: the mask of the next three. */
  _ATIME: 0x70,
  RELATIME: 0x0,
  NOATIME: 0x10,
  STRICTATIME: 0x20,
  NODIRATIME: 0x80,
  IDMAP: 0x100000,
  NOSYMFOLLOW: 0x200000,
} as const;
/** mount(2): of the file system, not of the one mount. */
export const MountFlag = {
  RDONLY: 1,
  SYNCHRONOUS: 1 << 4,
  REMOUNT: 1 << 5,
  MANDLOCK: 1 << 6,
  DIRSYNC: 1 << 7,
  BIND: 1 << 12,
  REC: 1 << 14,
  SILENT: 1 << 15,
  I_VERSION: 1 << 23,
  LAZYTIME: 1 << 25,
} as const;
/** struct statfs (statfs(2)), the same on x86-64 and aarch64. */
export const Statfs = { FLAGS: 80 } as const;
export const Propagation = {
  UNBINDABLE: 1 << 17,
  PRIVATE: 1 << 18,
  SLAVE: 1 << 19,
  SHARED: 1 << 20,
} as const;
export const STATMOUNT_MNT_BASIC = 2;
export const MNT_DETACH = 2;
export const UMOUNT_NOFOLLOW = 8;

// linux/magic.h
export const DEVPTS_SUPER_MAGIC = 0x1cd1;
export const PIPEFS_MAGIC = 0x50495045;
export const PROC_SUPER_MAGIC = 0x9fa0;
export const SYSFS_MAGIC = 0x62656572;
export const CGROUP_SUPER_MAGIC = 0x27e0eb;
export const CGROUP2_SUPER_MAGIC = 0x63677270;
/** File systems in which the kernel itself speaks; those of linux/magic.h under their names there. devpts and mqueue hold what is the container's own. */
export const kernelFilesystems: Readonly<Record<string, number>> = {
  PROC_SUPER_MAGIC,
  SYSFS_MAGIC,
  CGROUP_SUPER_MAGIC,
  CGROUP2_SUPER_MAGIC,
  DEBUGFS_MAGIC: 0x64626720,
  TRACEFS_MAGIC: 0x74726163,
  SECURITYFS_MAGIC: 0x73636673,
  SELINUX_MAGIC: 0xf97cff8c,
  SMACK_MAGIC: 0x43415d53,
  BPF_FS_MAGIC: 0xcafe4a11,
  BINFMTFS_MAGIC: 0x42494e4d,
  EFIVARFS_MAGIC: 0xde5e81e4,
  PSTOREFS_MAGIC: 0x6165676c,
  RDTGROUP_SUPER_MAGIC: 0x7655821,
  // In the kernel's own sources only: fs/configfs/mount.c, fs/fuse/control.c, security/apparmor.
  CONFIGFS_MAGIC: 0x62656570,
  FUSE_CTL_SUPER_MAGIC: 0x65735543,
  AAFS_MAGIC: 0x5a3c69f0,
};

// linux/openat2.h
export const OpenHow = { NO_MAGICLINKS: 2, NO_SYMLINKS: 4, IN_ROOT: 16 } as const;

// asm-generic/ioctls.h
export const TIOCSCTTY = 0x540e;
export const TIOCGWINSZ = 0x5413;
export const TIOCSWINSZ = 0x5414;
export const TIOCSPTLCK = 0x40045431;
export const TIOCGPTPEER = 0x5441;
// linux/sockios.h
export const SIOCGIFINDEX = 0x8933;
// linux/netlink.h, linux/rtnetlink.h, linux/if_link.h, linux/if_addr.h
export const NETLINK_ROUTE = 0;
export const SOL_NETLINK = 270;
export const NETLINK_GET_STRICT_CHK = 12;
export const NetlinkFlag = { REQUEST: 1, ACK: 4, REPLACE: 0x100, DUMP: 0x300, CREATE: 0x400 } as const;
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
export const RTM_SETLINK = 19;
export const RTM_GETADDR = 22;
export const IFLA_IFNAME = 3;
export const IFLA_NET_NS_FD = 28;
export const IFA_LABEL = 3;
export const IFA_F_PERMANENT = 0x80;
// linux/sockios.h
export const SIOCGIFFLAGS = 0x8913;
export const SIOCSIFFLAGS = 0x8914;

// linux/chos.h (kmod/uapi): _IOWR(0xC5, nr, struct chos_link), 24 bytes
export const ChosIoctl = { SET_LINK: 0xc018c501, GET_LINK: 0xc018c502 } as const;

// linux/prctl.h
export const Prctl = {
  SET_PDEATHSIG: 1,
  SET_DUMPABLE: 4,
  SET_KEEPCAPS: 8,
  SET_SECCOMP: 22,
  CAPBSET_DROP: 24,
  SET_NO_NEW_PRIVS: 38,
  CAP_AMBIENT: 47,
  CAP_AMBIENT_RAISE: 2,
  CAP_AMBIENT_CLEAR_ALL: 4,
} as const;
export const LINUX_CAPABILITY_VERSION_3 = 0x20080522;

// linux/seccomp.h
export const SECCOMP_SET_MODE_FILTER = 1;
export const SeccompFilterFlag = {
  TSYNC: 1,
  LOG: 2,
  SPEC_ALLOW: 4,
  NEW_LISTENER: 8,
  TSYNC_ESRCH: 16,
  WAIT_KILLABLE_RECV: 32,
} as const;
// linux/keyctl.h
export const KEYCTL_JOIN_SESSION_KEYRING = 1;
// linux/fs.h
export const RENAME_EXCHANGE = 2;
export const SEEK_SET = 0;
export const SEEK_CUR = 1;
export const SEEK_END = 2;
// sys/file.h
export const LOCK_SH = 1;
export const LOCK_EX = 2;
export const LOCK_NB = 4;
export const LOCK_UN = 8;
// sys/socket.h
export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_NETLINK = 16;
export const SOCK_RAW = 3;
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_SEQPACKET = 5;
export const SOCK_CLOEXEC = 0o2000000;
export const SOCK_NONBLOCK = 0o4000;
// asm-generic/socket.h; the time is a struct timeval of 64-bit numbers
export const SOL_SOCKET = 1;
export const SO_PEERCRED = 17;
export const SO_SNDTIMEO = 21;
// linux/signal.h
export const SIG_IGN = 1;
export const SIG_BLOCK = 0;
export const SIG_SETMASK = 2;
export const SIGSET_SIZE = 8;
// linux/signalfd.h
export const SFD_CLOEXEC = 0o2000000;
export const SFD_NONBLOCK = 0o4000;
// linux/wait.h, asm-generic/siginfo.h
export const P_PIDFD = 3;
export const WEXITED = 4;
export const CLD_EXITED = 1;
/** Offsets in siginfo_t of waitid(2). */
export const Siginfo = { CODE: 8, STATUS: 24 };
// linux/memfd.h
export const MFD_CLOEXEC = 1;
// linux/bpf.h
export const Bpf = {
  PROG_LOAD: 5,
  PROG_ATTACH: 8,
  PROG_TYPE_CGROUP_DEVICE: 15,
  CGROUP_DEVICE: 6,
  ALLOW_MULTI: 2,
} as const;
// linux/ioprio.h
export const IOPRIO_WHO_PROCESS = 1;
export const IOPRIO_CLASS_SHIFT = 13;
export const ioClasses = { IOPRIO_CLASS_RT: 1, IOPRIO_CLASS_BE: 2, IOPRIO_CLASS_IDLE: 3 } as const;
// linux/personality.h
export const personalities = { PER_LINUX: 0, PER_LINUX32: 8 } as const;
// linux/mempolicy.h
export const memoryModes = {
  MPOL_DEFAULT: 0,
  MPOL_PREFERRED: 1,
  MPOL_BIND: 2,
  MPOL_INTERLEAVE: 3,
  MPOL_LOCAL: 4,
  MPOL_PREFERRED_MANY: 5,
  MPOL_WEIGHTED_INTERLEAVE: 6,
} as const;
export const memoryFlags = {
  MPOL_F_NUMA_BALANCING: 1 << 13,
  MPOL_F_RELATIVE_NODES: 1 << 14,
  MPOL_F_STATIC_NODES: 1 << 15,
} as const;
// linux/time.h
export const CLOCK_REALTIME = 0;
export const CLOCK_MONOTONIC = 1;
// linux/sched.h
export const schedulerPolicies = {
  SCHED_OTHER: 0,
  SCHED_FIFO: 1,
  SCHED_RR: 2,
  SCHED_BATCH: 3,
  SCHED_ISO: 4,
  SCHED_IDLE: 5,
  SCHED_DEADLINE: 6,
} as const;
export const schedulerFlags = {
  SCHED_FLAG_RESET_ON_FORK: 0x01,
  SCHED_FLAG_RECLAIM: 0x02,
  SCHED_FLAG_DL_OVERRUN: 0x04,
  SCHED_FLAG_KEEP_POLICY: 0x08,
  SCHED_FLAG_KEEP_PARAMS: 0x10,
  SCHED_FLAG_UTIL_CLAMP_MIN: 0x20,
  SCHED_FLAG_UTIL_CLAMP_MAX: 0x40,
} as const;
// asm-generic/resource.h
export const resourceLimits = {
  RLIMIT_CPU: 0,
  RLIMIT_FSIZE: 1,
  RLIMIT_DATA: 2,
  RLIMIT_STACK: 3,
  RLIMIT_CORE: 4,
  RLIMIT_RSS: 5,
  RLIMIT_NPROC: 6,
  RLIMIT_NOFILE: 7,
  RLIMIT_MEMLOCK: 8,
  RLIMIT_AS: 9,
  RLIMIT_LOCKS: 10,
  RLIMIT_SIGPENDING: 11,
  RLIMIT_MSGQUEUE: 12,
  RLIMIT_NICE: 13,
  RLIMIT_RTPRIO: 14,
  RLIMIT_RTTIME: 15,
} as const;
