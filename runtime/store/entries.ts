/** What is in a directory, with the kind of each. Bun gives no kind with names of bytes, and asks for none where the file system does not tell. */
import { type Dirent, lstatSync, readdirSync, type Stats } from 'node:fs';
import { bytesOf } from './inside.js';

interface Entry {
  /** In Latin-1, as all paths of a tree. */
  readonly name: string;
  readonly kind: Pick<Stats, 'isDirectory' | 'isFile' | 'isCharacterDevice' | 'isBlockDevice'>;
}

const isTold = (entry: Dirent): boolean =>
  entry.isFile() ||
  entry.isDirectory() ||
  entry.isSymbolicLink() ||
  entry.isCharacterDevice() ||
  entry.isBlockDevice() ||
  entry.isFIFO() ||
  entry.isSocket();

/** Throws as readdir(2) and lstat(2) fail. */
export function entriesOf(directory: string): readonly Entry[] {
  const entries = readdirSync(bytesOf(directory), { withFileTypes: true, encoding: 'latin1' });
  return entries.map(entry => ({
    name: entry.name,
    kind: isTold(entry) ? entry : lstatSync(bytesOf(`${directory}/${entry.name}`)),
  }));
}
