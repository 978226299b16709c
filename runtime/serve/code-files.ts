/** Whether the service is still made of the files that the engine would start: after an upgrade, or another build, it is not. */
import { statSync } from 'node:fs';
import type { CompilerFile } from '../engine/wire.js';
import { factOf } from '../host/directory-fact.js';

/** One that is missing is a file like no other. */
function look(paths: readonly string[]): readonly CompilerFile[] {
  return paths.map(path => {
    const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (stat === undefined) return { major: 0, minor: 0, inode: 0n, size: 0n, seconds: 0n, nanoseconds: 0n };
    const { major, minor } = factOf(stat.dev, stat.ino);
    return {
      major,
      minor,
      inode: stat.ino,
      size: stat.size,
      seconds: stat.mtimeNs / 1_000_000_000n,
      nanoseconds: stat.mtimeNs % 1_000_000_000n,
    };
  });
}

const same = (one: CompilerFile, other: CompilerFile | undefined): boolean =>
  other !== undefined &&
  one.major === other.major &&
  one.minor === other.minor &&
  one.inode === other.inode &&
  one.size === other.size &&
  one.seconds === other.seconds &&
  one.nanoseconds === other.nanoseconds;

export interface CodeFiles {
  /** They are as they were. */
  readonly unchanged: () => boolean;
  /** The engine would start the first of them. */
  readonly isOurs: (file: CompilerFile) => boolean;
}

/** To be called before any of them is read that counts. */
export function codeFiles(paths: readonly string[]): CodeFiles {
  const files = look(paths);
  return {
    unchanged: () => look(paths).every((file, i) => same(file, files[i])),
    isOurs: file => same(file, files[0]),
  };
}
