/**
 * Users who are on their way into a tree: `chos` holds a shared lock (flock(2)) on the entry program that it has opened until the command inside is executed. What
 * only a program of before shows is taken away when none of them is left.
 */
import { closeSync, constants, openSync, readdirSync } from 'node:fs';

/** Anybody can hold such a lock: nobody is waited for longer, in milliseconds. */
const PATIENCE = 5000;
const PAUSE = 5;

/** Entry programs as they are now, also when others have been put in their place. */
export interface EntryPrograms {
  /** Whoever comes later has another one. */
  untilUnused(): Promise<void>;
  close(): void;
}

function open(path: string): readonly number[] {
  try {
    return [openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)];
  } catch {
    return [];
  }
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** `only`: the name of one file; null: all of the directory. */
export function entryPrograms(
  directory: string,
  only: string | null,
  patience: number = PATIENCE,
): EntryPrograms {
  const fds = (only === null ? namesIn(directory) : [only]).flatMap(name => open(`${directory}/${name}`));
  return {
    untilUnused: async () => {
      const { tryLockExclusive } = await import('../host/libc.js');
      const end = performance.now() + patience;
      for (const fd of fds)
        while (!tryLockExclusive(fd) && performance.now() < end)
          await new Promise(resolve => setTimeout(resolve, PAUSE));
    },
    close: () => {
      for (const fd of fds) closeSync(fd);
    },
  };
}
