import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { codeOf } from './error-code.js';

/**
 * The directory, and what is missing on the way to it, for their owner alone. Not by mkdir's `recursive`, which in Node goes round for ever where mkdir(2) says ENOENT
 * though the parent is there: in procfs, and in a directory that was removed. Throws as mkdir does.
 */
export function makeDirectories(path: string): void {
  try {
    makeOne(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    // Where the directory above is there, somebody else may have made it since; who is told the same a second time believes it.
    if (!existsSync(dirname(path))) makeDirectories(dirname(path));
    makeOne(path);
  }
}

/** It may be there, or be made by somebody else meanwhile. */
function makeOne(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST' || !statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error;
  }
}
