/** What malloc(3) keeps for later. It gives back by itself only what lies at the end, and V8's compilers leave holes of megabytes. */
import koffi from 'koffi';

const trim: (pad: number) => number = koffi.load('libc.so.6').func('int malloc_trim(size_t)');

/** All pages that are free go back to the kernel: some milliseconds, in which no thread can allocate. */
export function returnFreeMemory(): void {
  trim(0);
}
