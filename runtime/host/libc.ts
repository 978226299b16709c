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
