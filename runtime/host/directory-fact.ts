import type { DirectoryFact } from '../../spec/environment.js';

/** sys/sysmacros.h: how stat(2)'s st_dev holds the two numbers. */
export function factOf(dev: bigint, ino: bigint): DirectoryFact {
  return {
    major: Number(((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n)),
    minor: Number((dev & 0xffn) | ((dev >> 12n) & 0xffffff00n)),
    inode: Number(ino),
  };
}
