import { statfsSync } from 'node:fs';

/** The magic number of the file system at a path (linux/magic.h); null if the path cannot be reached. */
export function fileSystemMagic(path: string): number | null {
  try {
    return statfsSync(path).type;
  } catch {
    return null;
  }
}
