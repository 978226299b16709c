/**
 * C library calls that Node does not offer. Loading koffi takes about 7 ms [M], so nothing on the way of create, run and exec may import this file
 * other than by import(). Never here: what changes the caller's own context (setns, chroot, set*id): Node has threads.
 */
import { closeSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import koffi from 'koffi';

const libc = koffi.load('libc.so.6');
const flockCall: (fd: number, operation: number) => number = libc.func('int flock(int fd, int operation)');

/** sys/file.h */
const LOCK_EX = 2;
const LOCK_NB = 4;

/** Take the exclusive lock of an open directory (flock(2)), waiting for whoever has it; returns the errno, 0 when it is ours. */
export function lockExclusive(fd: number): number {
  for (;;) {
    if (flockCall(fd, LOCK_EX) === 0) return 0;
    const errno = koffi.errno();
    if (errno !== constants.errno.EINTR) return errno;
  }
}

/** The same without waiting: whether somebody else has it. Where there are no locks nobody has. */
export function isLockedByOther(fd: number): boolean {
  return flockCall(fd, LOCK_EX | LOCK_NB) !== 0 && koffi.errno() === constants.errno.EWOULDBLOCK;
}

/** Likewise: whether nobody else has it. */
export function tryLockExclusive(fd: number): boolean {
  return flockCall(fd, LOCK_EX | LOCK_NB) === 0;
}

// Without a name: koffi keeps names for the whole process, where a bundle of another test may have had it.
const pollfd = koffi.struct({ fd: 'int', events: 'short', revents: 'short' });
const pollCall: (fds: PollFd[], count: number, milliseconds: number) => number = libc.func('poll', 'int', [
  koffi.inout(koffi.pointer(pollfd)),
  'unsigned long',
  'int',
]);
const eventfdCall: (value: number, flags: number) => number = libc.func('int eventfd(unsigned int, int)');
const syscallCall: (number: number, one: number, two: number) => number = libc.func(
  'long syscall(long, long, long)',
);

interface PollFd {
  readonly fd: number;
  readonly events: number;
  readonly revents: number;
}

/** asm-generic/poll.h */
export const POLLIN = 1;
export const POLLPRI = 2;
export const POLLOUT = 4;
export const POLLERR = 8;

/** sys/eventfd.h */
const EFD_CLOEXEC = 0o2000000;
/** asm-generic/unistd.h, and the same on x86-64. */
const PIDFD_OPEN = 434;

/** poll(2), begun again when it is interrupted; what happened to each. -1 milliseconds: for ever. */
export function poll(fds: readonly Omit<PollFd, 'revents'>[], milliseconds: number): readonly number[] {
  const all = fds.map(one => ({ ...one, revents: 0 }));
  while (pollCall(all, all.length, milliseconds) < 0 && koffi.errno() === constants.errno.EINTR);
  return all.map(({ revents }) => revents);
}

/** An eventfd(2), below 0 if there is none to be had. */
export const eventfd = (): number => eventfdCall(0, EFD_CLOEXEC);

/** pidfd_open(2), below 0 if there is no such process. */
export const openPidfd = (pid: number): number => syscallCall(PIDFD_OPEN, pid, 0);

const ioctlCall: (fd: number, request: number, argument: Buffer) => number = libc.func(
  'int ioctl(int, unsigned long, _Inout_ void *)',
);

/** kmod/uapi/linux/chos.h: CHOS_IOC_GET_LINK, struct chos_link. */
const GET_LINK = 0xc018c502;
const LINK_SIZE = 24;
/** Bytes of a path at most (linux/limits.h). */
const PATH_MAX = 4096;

/** The trees that the links of processes name, read through an open setchos (docs/kernel-link.md); who has no link, has ended or may not be asked for is left out. */
export function linksOf(pids: readonly number[], file = '/proc/chos/setchos'): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  const fd = openSync(file, 'r');
  const room = koffi.alloc('char', PATH_MAX);
  try {
    for (const pid of pids) {
      const pidfd = openPidfd(pid);
      if (pidfd < 0) continue;
      const link = Buffer.alloc(LINK_SIZE);
      link.writeUInt32LE(LINK_SIZE, 0);
      link.writeInt32LE(pidfd, 4);
      link.writeUInt32LE(PATH_MAX, 12);
      link.writeBigUInt64LE(koffi.address(room), 16);
      const length = ioctlCall(fd, GET_LINK, link);
      closeSync(pidfd);
      if (length > 0) found.set(pid, String(koffi.decode(room, 'char', length)));
    }
    return found;
  } finally {
    koffi.free(room);
    closeSync(fd);
  }
}
