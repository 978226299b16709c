/** What malloc(3) keeps for later, and pages of files that were needed once. */
import { openSync, readFileSync, readlinkSync, readSync } from 'node:fs';
import koffi from 'koffi';

const libc = koffi.load('libc.so.6');
const trim: (pad: number) => number = libc.func('int malloc_trim(size_t)');
const madvise: (address: bigint, length: bigint, advice: number) => number = libc.func(
  'int madvise(uintptr_t, size_t, int)',
);
const sysconf: (name: number) => number = libc.func('long sysconf(int)');
/** madvise(2) */
const MADV_DONTNEED = 4;
/** sysconf(3) */
const SC_PAGESIZE = 30;

/** Reads the bytes of memory that are this process's own: resident, and of no file (proc_pid_statm(5)). Always 0 where the kernel does not tell. */
export function ownMemory(): () => number {
  const page = sysconf(SC_PAGESIZE);
  const room = Buffer.alloc(128);
  let fd: number;
  try {
    fd = openSync('/proc/self/statm', 'r');
  } catch {
    return () => 0;
  }
  // Kept open: a microsecond instead of fifteen, at each answer.
  return () => {
    const [, resident, shared] = room.toString('latin1', 0, readSync(fd, room, 0, room.length, 0)).split(' ');
    return (Number(resident) - Number(shared)) * page;
  };
}

/**
 * All pages that are free go back to the kernel: some milliseconds, in which no thread can allocate. malloc(3) gives back by itself only what lies at the end, and
 * V8's compilers leave holes of megabytes.
 */
export function returnFreeMemory(): void {
  trim(0);
}

/** The mappings of a file in /proc/PID/smaps that are as in the file, and stay so: read-only, private, and no page of them was ever written (relocated, say). */
export function unwrittenMappings(
  smaps: string,
  file: string,
): readonly (readonly [from: bigint, to: bigint])[] {
  const entry =
    /^([0-9a-f]+)-([0-9a-f]+) r-[x-]p \S+ \S+ [1-9]\d* +(\/.*)\n(?:[A-Z]\w*:.*\n)*?Anonymous: +0 kB$/gm;
  return [...smaps.matchAll(entry)]
    .filter(([, , , path]) => path === file)
    .map(([, from, to]) => [BigInt(`0x${from}`), BigInt(`0x${to}`)]);
}

/**
 * Forgets the pages of the program's own file: a JavaScript engine touches three quarters of them only while it starts. They stay in the kernel's cache; what is
 * needed again is mapped again from there. Not those of libraries: another thread may load one just then, and the loader writes to what it has mapped.
 */
export function forgetFilePages(): void {
  let smaps: string;
  let file: string;
  try {
    smaps = readFileSync('/proc/self/smaps', 'latin1');
    file = readlinkSync('/proc/self/exe', 'latin1');
  } catch {
    // The kernel does not tell (CONFIG_PROC_PAGE_MONITOR).
    return;
  }
  for (const [from, to] of unwrittenMappings(smaps, file)) madvise(from, to - from, MADV_DONTNEED);
}
