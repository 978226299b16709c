/**
 * C library calls that Node does not offer. Loading koffi takes about 7 ms [M], so nothing on the way of create, run and exec may import this file
 * other than by import(). Never here: what changes the caller's own context (setns, chroot, set*id): Node has threads.
 */
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

/** The same without waiting: whether nobody else has it. */
export function tryLockExclusive(fd: number): boolean {
  return flockCall(fd, LOCK_EX | LOCK_NB) === 0;
}

const pollfd = koffi.struct('pollfd', { fd: 'int', events: 'short', revents: 'short' });
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
