/**
 * The system calls that a launch program may make. Their numbers stand in `spec/syscall-numbers/`.
 * `index` is part of the image format: append; renumber only with a new IMAGE_VERSION. Only calls that both architectures have.
 *
 * What an argument is, so that the validator can bound every pointer before the first step:
 *   int        any number (IMM or SLOT)
 *   len        a length (IMM or SLOT); the buffer that names it is checked against it when the call is made
 *   fd         a descriptor or AT_FDCWD (IMM or SLOT)
 *   path       NUL-terminated string (DATA or REF)
 *   in:K       bytes read by the kernel, their length is argument K (DATA or REF); out:K the same, written
 *   words:K    argument K counts what the kernel writes in units of 8 bytes (DATA or REF)
 *   struct=N   at least N bytes inside the data segment (DATA or REF); struct:K: length is argument K
 *   in=N       at most N bytes, read
 *   link       struct chos_link of kmod/uapi (24 bytes): its text, as many bytes as it says, lies in the data segment too
 *   vector     NULL-terminated array of pointers made by relocations or a vector parameter (DATA or REF)
 *   ...?       may be a null pointer (IMM 0, or REF with -1)
 *
 * Behind that, after a blank, may stand how explain shows it: a set of names or a structure of `spec/flag-sets.ts`.
 */
export interface SystemCall {
  readonly index: number;
  /** The kernel's name, if it is another: the same call with arguments of other kinds. */
  readonly as?: string;
  readonly args: readonly string[];
}

export const systemCalls = {
  read: { index: 0, args: ['fd', 'out:2', 'len'] },
  write: { index: 1, args: ['fd', 'in:2', 'len'] },
  openat: { index: 2, args: ['fd', 'path', 'int O_', 'int mode'] },
  openat2: { index: 3, args: ['fd', 'path', 'in=24 open_how', 'int'] },
  close: { index: 4, args: ['fd'] },
  close_range: { index: 5, args: ['int', 'int', 'int CLOSE_RANGE_'] },
  dup3: { index: 6, args: ['fd', 'fd', 'int O_CLOEXEC'] },
  fcntl: { index: 7, args: ['fd', 'int F_', 'int'] },
  ioctl: { index: 8, args: ['fd', 'int ioctl', 'int'] },
  ioctl_struct: { index: 9, as: 'ioctl', args: ['fd', 'int ioctl', 'struct=256'] },
  lseek: { index: 10, args: ['fd', 'int', 'int SEEK_'] },
  pread64: { index: 11, args: ['fd', 'out:2', 'len', 'int'] },
  statx: {
    index: 12,
    args: ['fd', 'path', 'int AT_STATX_', 'int STATX_', 'struct=256'],
  },
  fstatfs: { index: 13, args: ['fd', 'struct=256'] },
  statfs: { index: 14, args: ['path', 'struct=256'] },
  faccessat2: { index: 15, args: ['fd', 'path', 'int OK', 'int AT_EACCESS'] },
  mkdirat: { index: 16, args: ['fd', 'path', 'int mode'] },
  mknodat: { index: 17, args: ['fd', 'path', 'int S_IF', 'int dev'] },
  unlinkat: { index: 18, args: ['fd', 'path', 'int AT_REMOVEDIR'] },
  symlinkat: { index: 19, args: ['path', 'fd', 'path'] },
  renameat2: { index: 20, args: ['fd', 'path', 'fd', 'path', 'int RENAME_'] },
  linkat: { index: 21, args: ['fd', 'path', 'fd', 'path', 'int AT_'] },
  fchmodat: { index: 22, args: ['fd', 'path', 'int mode'] },
  fchown: { index: 23, args: ['fd', 'int', 'int'] },
  fchownat: { index: 24, args: ['fd', 'path', 'int', 'int', 'int AT_'] },
  ftruncate: { index: 25, args: ['fd', 'int'] },
  flock: { index: 26, args: ['fd', 'int LOCK_'] },
  fsopen: { index: 27, args: ['path', 'int FSOPEN_'] },
  fsconfig: { index: 28, args: ['fd', 'int FSCONFIG_', 'path?', 'path?', 'int'] },
  fsmount: { index: 29, args: ['fd', 'int FSMOUNT_', 'int MOUNT_ATTR_'] },
  fspick: { index: 30, args: ['fd', 'path', 'int FSPICK_'] },
  open_tree: { index: 31, args: ['fd', 'path', 'int OPEN_TREE_'] },
  move_mount: { index: 32, args: ['fd', 'path', 'fd', 'path', 'int MOVE_MOUNT_'] },
  mount_setattr: {
    index: 33,
    args: ['fd', 'path', 'int AT_', 'struct:4 mount_attr', 'len'],
  },
  mount: { index: 34, args: ['path?', 'path', 'path?', 'int MS_', 'path?'] },
  umount2: { index: 35, args: ['path', 'int MNT_'] },
  pivot_root: { index: 36, args: ['path', 'path'] },
  chroot: { index: 37, args: ['path'] },
  chdir: { index: 38, args: ['path'] },
  fchdir: { index: 39, args: ['fd'] },
  getcwd: { index: 40, args: ['out:1', 'len'] },
  umask: { index: 41, args: ['int mode'] },
  unshare: { index: 42, args: ['int CLONE_'] },
  setns: { index: 43, args: ['fd', 'int CLONE_'] },
  sethostname: { index: 44, args: ['in:1', 'len'] },
  setdomainname: { index: 45, args: ['in:1', 'len'] },
  uname: { index: 46, args: ['struct=390'] },
  setsid: { index: 47, args: [] },
  geteuid: { index: 48, args: [] },
  setresuid: { index: 49, args: ['int', 'int', 'int'] },
  setresgid: { index: 50, args: ['int', 'int', 'int'] },
  setgroups: { index: 51, args: ['int', 'in=262144?'] },
  capset: { index: 52, args: ['struct=8', 'struct=24'] },
  prctl: { index: 53, args: ['int PR_', 'int', 'int', 'int', 'int'] },
  seccomp: {
    index: 54,
    args: ['int SECCOMP_', 'int SECCOMP_FILTER_FLAG_', 'struct=16'],
  },
  prlimit64: {
    index: 55,
    args: ['int', 'int RLIMIT_', 'struct=16? rlimit64', 'struct=16?'],
  },
  rt_sigprocmask: {
    index: 56,
    args: ['int SIG_', 'struct=8?', 'struct=8?', 'int'],
  },
  rt_sigaction: { index: 57, args: ['int SIG', 'struct=32?', 'struct=32?', 'int'] },
  kill: { index: 58, args: ['int', 'int SIG'] },
  pidfd_open: { index: 59, args: ['int', 'int'] },
  pidfd_send_signal: { index: 60, args: ['fd', 'int SIG', 'struct=128?', 'int'] },
  waitid: {
    index: 61,
    args: ['int P_', 'int', 'struct=128?', 'int W', 'struct=144?'],
  },
  socket: { index: 62, args: ['int AF_', 'int SOCK_', 'int'] },
  socketpair: { index: 63, args: ['int AF_', 'int SOCK_', 'int', 'struct=8'] },
  connect: { index: 64, args: ['fd', 'struct:2', 'len'] },
  memfd_create: { index: 65, args: ['path', 'int MFD_'] },
  execve: { index: 66, args: ['path', 'vector', 'vector'] },
  clock_gettime: { index: 67, args: ['int CLOCK_', 'struct=16'] },
  nanosleep: { index: 68, args: ['struct=16', 'struct=16?'] },
  sched_setattr: { index: 69, args: ['int', 'struct=56', 'int'] },
  sched_setaffinity: { index: 70, args: ['int', 'len', 'in:1'] },
  ioprio_set: { index: 71, args: ['int IOPRIO_WHO_', 'int', 'int'] },
  personality: { index: 72, args: ['int PER_'] },
  keyctl_join: { index: 73, as: 'keyctl', args: ['int KEYCTL_', 'path?', 'int', 'int', 'int'] },
  bpf: { index: 74, args: ['int BPF_', 'struct:2', 'len'] },
  statmount: { index: 75, args: ['struct=24', 'struct:2', 'len', 'int'] },
  ioctl_link: { index: 76, as: 'ioctl', args: ['fd', 'int ioctl', 'link'] },
  signalfd4: { index: 77, args: ['int', 'struct=8', 'int', 'int SFD_'] },
  listmount: { index: 78, args: ['struct=24', 'words:2', 'len', 'int'] },
  set_mempolicy: { index: 79, args: ['int MPOL_', 'struct=128?', 'int'] },
  pidfd_getfd: { index: 80, args: ['fd', 'int', 'int'] },
  setsockopt: { index: 81, args: ['fd', 'int SOL_', 'int SO_', 'struct:4', 'len'] },
  readlinkat: { index: 82, args: ['fd', 'path', 'out:3', 'len'] },
  getsockopt: { index: 83, args: ['fd', 'int SOL_', 'int SO_', 'struct=12', 'struct=4'] },
  bind: { index: 84, args: ['fd', 'struct:2', 'len'] },
  getegid: { index: 85, args: [] },
} as const satisfies Readonly<Record<string, SystemCall>>;

export type SystemCallName = keyof typeof systemCalls;
