/**
 * The system calls that a launch program may make. Numbers: asm/unistd_64.h (x86-64) and asm-generic/unistd.h (aarch64).
 * `index` is part of the image format: append, never renumber. Only calls that both architectures have.
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
  readonly x86_64: number;
  readonly aarch64: number;
  readonly args: readonly string[];
}

export const systemCalls = {
  read: { index: 0, x86_64: 0, aarch64: 63, args: ['fd', 'out:2', 'len'] },
  write: { index: 1, x86_64: 1, aarch64: 64, args: ['fd', 'in:2', 'len'] },
  openat: { index: 2, x86_64: 257, aarch64: 56, args: ['fd', 'path', 'int O_', 'int mode'] },
  openat2: { index: 3, x86_64: 437, aarch64: 437, args: ['fd', 'path', 'in=24 open_how', 'int'] },
  close: { index: 4, x86_64: 3, aarch64: 57, args: ['fd'] },
  close_range: { index: 5, x86_64: 436, aarch64: 436, args: ['int', 'int', 'int CLOSE_RANGE_'] },
  dup3: { index: 6, x86_64: 292, aarch64: 24, args: ['fd', 'fd', 'int O_CLOEXEC'] },
  fcntl: { index: 7, x86_64: 72, aarch64: 25, args: ['fd', 'int F_', 'int'] },
  ioctl: { index: 8, x86_64: 16, aarch64: 29, args: ['fd', 'int ioctl', 'int'] },
  ioctl_struct: { index: 9, x86_64: 16, aarch64: 29, args: ['fd', 'int ioctl', 'struct=256'] },
  lseek: { index: 10, x86_64: 8, aarch64: 62, args: ['fd', 'int', 'int SEEK_'] },
  pread64: { index: 11, x86_64: 17, aarch64: 67, args: ['fd', 'out:2', 'len', 'int'] },
  fstat: { index: 12, x86_64: 5, aarch64: 80, args: ['fd', 'struct=256'] },
  statx: {
    index: 13,
    x86_64: 332,
    aarch64: 291,
    args: ['fd', 'path', 'int AT_STATX_', 'int STATX_', 'struct=256'],
  },
  fstatfs: { index: 14, x86_64: 138, aarch64: 44, args: ['fd', 'struct=256'] },
  statfs: { index: 15, x86_64: 137, aarch64: 43, args: ['path', 'struct=256'] },
  faccessat2: { index: 16, x86_64: 439, aarch64: 439, args: ['fd', 'path', 'int OK', 'int AT_EACCESS'] },
  readlinkat: { index: 17, x86_64: 267, aarch64: 78, args: ['fd', 'path', 'out:3', 'len'] },
  mkdirat: { index: 18, x86_64: 258, aarch64: 34, args: ['fd', 'path', 'int mode'] },
  mknodat: { index: 19, x86_64: 259, aarch64: 33, args: ['fd', 'path', 'int S_IF', 'int dev'] },
  unlinkat: { index: 20, x86_64: 263, aarch64: 35, args: ['fd', 'path', 'int AT_REMOVEDIR'] },
  symlinkat: { index: 21, x86_64: 266, aarch64: 36, args: ['path', 'fd', 'path'] },
  renameat2: { index: 22, x86_64: 316, aarch64: 276, args: ['fd', 'path', 'fd', 'path', 'int RENAME_'] },
  linkat: { index: 23, x86_64: 265, aarch64: 37, args: ['fd', 'path', 'fd', 'path', 'int AT_'] },
  fchmod: { index: 24, x86_64: 91, aarch64: 52, args: ['fd', 'int mode'] },
  fchmodat: { index: 25, x86_64: 268, aarch64: 53, args: ['fd', 'path', 'int mode'] },
  fchown: { index: 26, x86_64: 93, aarch64: 55, args: ['fd', 'int', 'int'] },
  fchownat: { index: 27, x86_64: 260, aarch64: 54, args: ['fd', 'path', 'int', 'int', 'int AT_'] },
  ftruncate: { index: 28, x86_64: 77, aarch64: 46, args: ['fd', 'int'] },
  flock: { index: 29, x86_64: 73, aarch64: 32, args: ['fd', 'int LOCK_'] },
  fsopen: { index: 30, x86_64: 430, aarch64: 430, args: ['path', 'int FSOPEN_'] },
  fsconfig: { index: 31, x86_64: 431, aarch64: 431, args: ['fd', 'int FSCONFIG_', 'path?', 'path?', 'int'] },
  fsconfig_fd: { index: 32, x86_64: 431, aarch64: 431, args: ['fd', 'int FSCONFIG_', 'path', 'path?', 'fd'] },
  fsmount: { index: 33, x86_64: 432, aarch64: 432, args: ['fd', 'int FSMOUNT_', 'int MOUNT_ATTR_'] },
  fspick: { index: 34, x86_64: 433, aarch64: 433, args: ['fd', 'path', 'int FSPICK_'] },
  open_tree: { index: 35, x86_64: 428, aarch64: 428, args: ['fd', 'path', 'int OPEN_TREE_'] },
  move_mount: { index: 36, x86_64: 429, aarch64: 429, args: ['fd', 'path', 'fd', 'path', 'int MOVE_MOUNT_'] },
  mount_setattr: {
    index: 37,
    x86_64: 442,
    aarch64: 442,
    args: ['fd', 'path', 'int AT_', 'struct:4 mount_attr', 'len'],
  },
  mount: { index: 38, x86_64: 165, aarch64: 40, args: ['path?', 'path', 'path?', 'int MS_', 'path?'] },
  umount2: { index: 39, x86_64: 166, aarch64: 39, args: ['path', 'int MNT_'] },
  pivot_root: { index: 40, x86_64: 155, aarch64: 41, args: ['path', 'path'] },
  chroot: { index: 41, x86_64: 161, aarch64: 51, args: ['path'] },
  chdir: { index: 42, x86_64: 80, aarch64: 49, args: ['path'] },
  fchdir: { index: 43, x86_64: 81, aarch64: 50, args: ['fd'] },
  getcwd: { index: 44, x86_64: 79, aarch64: 17, args: ['out:1', 'len'] },
  umask: { index: 45, x86_64: 95, aarch64: 166, args: ['int mode'] },
  unshare: { index: 46, x86_64: 272, aarch64: 97, args: ['int CLONE_'] },
  setns: { index: 47, x86_64: 308, aarch64: 268, args: ['fd', 'int CLONE_'] },
  sethostname: { index: 48, x86_64: 170, aarch64: 161, args: ['in:1', 'len'] },
  setdomainname: { index: 49, x86_64: 171, aarch64: 162, args: ['in:1', 'len'] },
  uname: { index: 50, x86_64: 63, aarch64: 160, args: ['struct=390'] },
  setsid: { index: 51, x86_64: 112, aarch64: 157, args: [] },
  getpid: { index: 52, x86_64: 39, aarch64: 172, args: [] },
  getppid: { index: 53, x86_64: 110, aarch64: 173, args: [] },
  geteuid: { index: 54, x86_64: 107, aarch64: 175, args: [] },
  setuid: { index: 55, x86_64: 105, aarch64: 146, args: ['int'] },
  setgid: { index: 56, x86_64: 106, aarch64: 144, args: ['int'] },
  setresuid: { index: 57, x86_64: 117, aarch64: 147, args: ['int', 'int', 'int'] },
  setresgid: { index: 58, x86_64: 119, aarch64: 149, args: ['int', 'int', 'int'] },
  setgroups: { index: 59, x86_64: 116, aarch64: 159, args: ['int', 'in=262144?'] },
  capset: { index: 60, x86_64: 126, aarch64: 91, args: ['struct=8', 'struct=24'] },
  capget: { index: 61, x86_64: 125, aarch64: 90, args: ['struct=8', 'struct=24'] },
  prctl: { index: 62, x86_64: 157, aarch64: 167, args: ['int PR_', 'int', 'int', 'int', 'int'] },
  prctl_text: { index: 63, x86_64: 157, aarch64: 167, args: ['int PR_', 'path', 'int', 'int', 'int'] },
  seccomp: {
    index: 64,
    x86_64: 317,
    aarch64: 277,
    args: ['int SECCOMP_', 'int SECCOMP_FILTER_FLAG_', 'struct=16'],
  },
  prlimit64: {
    index: 65,
    x86_64: 302,
    aarch64: 261,
    args: ['int', 'int RLIMIT_', 'struct=16? rlimit64', 'struct=16?'],
  },
  rt_sigprocmask: {
    index: 66,
    x86_64: 14,
    aarch64: 135,
    args: ['int SIG_', 'struct=8?', 'struct=8?', 'int'],
  },
  rt_sigaction: { index: 67, x86_64: 13, aarch64: 134, args: ['int SIG', 'struct=32?', 'struct=32?', 'int'] },
  kill: { index: 68, x86_64: 62, aarch64: 129, args: ['int', 'int SIG'] },
  pidfd_open: { index: 69, x86_64: 434, aarch64: 434, args: ['int', 'int'] },
  pidfd_send_signal: { index: 70, x86_64: 424, aarch64: 424, args: ['fd', 'int SIG', 'struct=128?', 'int'] },
  pidfd_getfd: { index: 71, x86_64: 438, aarch64: 438, args: ['fd', 'int', 'int'] },
  waitid: {
    index: 72,
    x86_64: 247,
    aarch64: 95,
    args: ['int P_', 'int', 'struct=128?', 'int W', 'struct=144?'],
  },
  socket: { index: 73, x86_64: 41, aarch64: 198, args: ['int AF_', 'int SOCK_', 'int'] },
  socketpair: { index: 74, x86_64: 53, aarch64: 199, args: ['int AF_', 'int SOCK_', 'int', 'struct=8'] },
  connect: { index: 75, x86_64: 42, aarch64: 203, args: ['fd', 'struct:2', 'len'] },
  bind: { index: 76, x86_64: 49, aarch64: 200, args: ['fd', 'struct:2', 'len'] },
  sendto: {
    index: 77,
    x86_64: 44,
    aarch64: 206,
    args: ['fd', 'in:2', 'len', 'int', 'struct=128?', 'int'],
  },
  pipe2: { index: 78, x86_64: 293, aarch64: 59, args: ['struct=8', 'int O_CLOEXEC'] },
  memfd_create: { index: 79, x86_64: 319, aarch64: 279, args: ['path', 'int MFD_'] },
  eventfd2: { index: 80, x86_64: 290, aarch64: 19, args: ['int', 'int'] },
  execve: { index: 81, x86_64: 59, aarch64: 221, args: ['path', 'vector', 'vector'] },
  execveat: { index: 82, x86_64: 322, aarch64: 281, args: ['fd', 'path', 'vector', 'vector', 'int AT_'] },
  clock_gettime: { index: 83, x86_64: 228, aarch64: 113, args: ['int CLOCK_', 'struct=16'] },
  nanosleep: { index: 84, x86_64: 35, aarch64: 101, args: ['struct=16', 'struct=16?'] },
  sched_setscheduler: { index: 85, x86_64: 144, aarch64: 119, args: ['int', 'int', 'struct=8'] },
  sched_setattr: { index: 86, x86_64: 314, aarch64: 274, args: ['int', 'struct=56', 'int'] },
  sched_setaffinity: { index: 87, x86_64: 203, aarch64: 122, args: ['int', 'len', 'in:1'] },
  ioprio_set: { index: 88, x86_64: 251, aarch64: 30, args: ['int IOPRIO_WHO_', 'int', 'int'] },
  personality: { index: 89, x86_64: 135, aarch64: 92, args: ['int PER_'] },
  set_mempolicy: { index: 90, x86_64: 238, aarch64: 237, args: ['int', 'struct=128?', 'int'] },
  keyctl: { index: 91, x86_64: 250, aarch64: 219, args: ['int KEYCTL_', 'int', 'int', 'int', 'int'] },
  keyctl_join: { index: 92, x86_64: 250, aarch64: 219, args: ['int KEYCTL_', 'path?', 'int', 'int', 'int'] },
  bpf: { index: 93, x86_64: 321, aarch64: 280, args: ['int BPF_', 'struct:2', 'len'] },
  getrandom: { index: 94, x86_64: 318, aarch64: 278, args: ['out:1', 'len', 'int'] },
  madvise: { index: 95, x86_64: 28, aarch64: 233, args: ['struct:1', 'len', 'int'] },
  munmap: { index: 96, x86_64: 11, aarch64: 215, args: ['struct:1', 'len'] },
  sync: { index: 97, x86_64: 162, aarch64: 81, args: [] },
  syncfs: { index: 98, x86_64: 306, aarch64: 267, args: ['fd'] },
  sendfile: { index: 99, x86_64: 40, aarch64: 71, args: ['fd', 'fd', 'struct=8?', 'len'] },
  utimensat: { index: 100, x86_64: 280, aarch64: 88, args: ['fd', 'path', 'struct=32?', 'int AT_'] },
  setpriority: { index: 101, x86_64: 141, aarch64: 140, args: ['int', 'int', 'int'] },
  name_to_handle_at: {
    index: 102,
    x86_64: 303,
    aarch64: 264,
    args: ['fd', 'path', 'struct=256', 'struct=8', 'int AT_'],
  },
  statmount: { index: 103, x86_64: 457, aarch64: 457, args: ['struct=24', 'struct:2', 'len', 'int'] },
  ioctl_link: { index: 104, x86_64: 16, aarch64: 29, args: ['fd', 'int ioctl', 'link'] },
  signalfd4: { index: 105, x86_64: 289, aarch64: 74, args: ['int', 'struct=8', 'int', 'int SFD_'] },
  listmount: { index: 106, x86_64: 458, aarch64: 458, args: ['struct=24', 'words:2', 'len', 'int'] },
} as const satisfies Readonly<Record<string, SystemCall>>;

export type SystemCallName = keyof typeof systemCalls;
