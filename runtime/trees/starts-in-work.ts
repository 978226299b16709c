/**
 * Users who are on their way into a tree: `chos` holds a shared lock (flock(2)) on the entry program that it has opened until the command inside is executed. What
 * only a program of before shows is taken away when none of them is left.
 */
import { closeSync, constants, fstatSync, openSync, readdirSync } from 'node:fs';
import { factOf } from '../host/directory-fact.js';
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

/** Null, where there is none: a link is none, nor is it followed. */
const open = (path: string): number | null =>
  unlessMissing(
    path,
    () => openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK),
    ['ELOOP', 'ENXIO'],
  );

/**
 * Whose locks of flock(2) are on the file: "process 12 (vim)", by /proc/locks (proc_locks(5)). The kernel tells who has taken it, who may have ended, while a child of it
 * holds it; of another pid namespace it tells nothing.
 */
function holdersOf(fd: number): readonly string[] {
  const { dev, ino } = fstatSync(fd, { bigint: true });
  const { major, minor } = factOf(dev, ino);
  const place = `${[major, minor].map(one => one.toString(16).padStart(2, '0')).join(':')}:${ino}`;
  const pids = (readProc('/proc/locks') ?? '').split('\n').flatMap(line => {
    // Those that wait have an arrow.
    const [, pid, at] = /^\d+: FLOCK\s+\S+\s+\S+\s+(\d+)\s+(\S+)\s/.exec(line) ?? [];
    return pid !== undefined && at === place ? [pid] : [];
  });
  const holders = pids.map(pid => `process ${pid} (${readProc(`/proc/${pid}/comm`)?.trim() ?? '?'})`);
  return holders.length > 0 ? holders : ['a process that is not seen from here'];
}

function openAll(paths: readonly string[]): readonly number[] {
  const fds: number[] = [];
  try {
    for (const path of paths) fds.push(...[open(path)].filter(fd => fd !== null));
    return fds;
  } catch (error) {
    for (const fd of fds) closeSync(fd);
    throw error;
  }
}

/** `only`: the name of one file; null: all of the directory. Throws Unreadable: nobody knows then who is on the way in. */
export function entryPrograms(
  directory: string,
  only: string | null,
  patience: number = PATIENCE,
): EntryPrograms {
  const names = only === null ? (unlessMissing(directory, () => readdirSync(directory)) ?? []) : [only];
  const fds = openAll(names.map(name => `${directory}/${name}`));
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
      return [...new Set(late)];
    },
    close: () => {
      for (const fd of fds) closeSync(fd);
    },
  };
}
