/**
 * Users who are on their way into a tree: `chos` holds a shared lock (flock(2)) on the entry program that it has opened until the command inside is executed. What
 * only a program of before shows is taken away when none of them is left.
 */
import { closeSync, constants, fstatSync, openSync, readdirSync } from 'node:fs';
import { unlessMissing } from '../host/error-code.js';
import { readProc } from '../host/read-proc.js';

/** Anybody can hold such a lock: nobody is waited for longer, in milliseconds. */
const PATIENCE = 5000;
const PAUSE = 5;

/** Entry programs as they are now, also when others have been put in their place. */
export interface EntryPrograms {
  /** Whoever comes later has another one. Resolves to who still holds one: "process 12 (vim)". */
  untilUnused(): Promise<readonly string[]>;
  close(): void;
}

/** Of what cannot be opened nobody knows who uses it. */
const open = (path: string): number | null =>
  unlessMissing(() => openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK));

/** Who holds a lock of flock(2) on the file, as far as /proc/locks (proc_locks(5)) shows processes of ours. */
function holdersOf(fd: number): readonly string[] {
  const { ino } = fstatSync(fd);
  const lines = (readProc('/proc/locks') ?? '').split('\n');
  const pids = lines.flatMap(line => {
    const [, pid, inode] = /FLOCK\s+\S+\s+\S+\s+(\d+)\s+\w+:\w+:(\d+)\s/.exec(line) ?? [];
    return pid !== undefined && inode === `${ino}` ? [pid] : [];
  });
  const holders = pids.map(pid => `process ${pid} (${readProc(`/proc/${pid}/comm`)?.trim() ?? '?'})`);
  return holders.length > 0 ? holders : ['a process that is not seen from here'];
}

/** `only`: the name of one file; null: all of the directory. */
export function entryPrograms(
  directory: string,
  only: string | null,
  patience: number = PATIENCE,
): EntryPrograms {
  const names = only === null ? (unlessMissing(() => readdirSync(directory)) ?? []) : [only];
  const fds = names.map(name => open(`${directory}/${name}`)).filter(fd => fd !== null);
  return {
    untilUnused: async () => {
      const { tryLockExclusive } = await import('../host/libc.js');
      const end = performance.now() + patience;
      const late: string[] = [];
      for (const fd of fds) {
        let free = tryLockExclusive(fd);
        for (; !free && performance.now() < end; free = tryLockExclusive(fd))
          await new Promise(resolve => setTimeout(resolve, PAUSE));
        if (!free) late.push(...holdersOf(fd));
      }
      return late;
    },
    close: () => {
      for (const fd of fds) closeSync(fd);
    },
  };
}
