/** The end of a process of which a thread may hang in a system call: process.exit() waits for all threads, and for such a one for ever. */
import koffi from 'koffi';

const exit: (status: number) => void = koffi.load('libc.so.6').func('void _exit(int)');

/** What is buffered is not written. */
export function exitNow(status: number): never {
  exit(status);
  throw new Error('_exit(2) has returned');
}
