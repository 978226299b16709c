/**
 * Whether what a generation was made of is still what is there. A tree that is its own root is shown as it is, as long as it is the same directory; of a
 * skeleton, what lies directly in the tree's root (and in what else the skeleton takes apart) was bound entry by entry, so that one that was added or
 * exchanged since is not seen. Each such change leaves its time in the directory.
 */
import { statSync } from 'node:fs';
import type { PreparedRoot, TreeStamp } from '../../spec/environment.js';
import { directoryFact } from './caller.js';

/** Directories of the tree that a skeleton takes apart. */
function takenApart(root: PreparedRoot): readonly string[] {
  if (root.kind === 'tree') return [];
  const above = new Set(root.entries.map(({ path }) => path.slice(0, path.lastIndexOf('/')) || '/'));
  return [...above].sort();
}

/** Nanoseconds since the epoch, in decimal; null: there is none. */
function changedAt(path: string): string | null {
  try {
    return String(statSync(path, { bigint: true }).mtimeNs);
  } catch {
    return null;
  }
}

/** `directory`: the tree's, without symlinks. Null: it is not there. */
export function stampOf(directory: string, root: PreparedRoot): TreeStamp | null {
  const fact = directoryFact(directory);
  if (fact === null) return null;
  const changed = takenApart(root).map(path => [path, changedAt(directory + path)] as const);
  return { directory: fact, changed: Object.fromEntries(changed) };
}

/** What is different; null: nothing. */
export function whyStale(stamp: TreeStamp, directory: string): string | null {
  const now = directoryFact(directory);
  if (now === null) return `${directory} is not there`;
  const { major, minor, inode } = stamp.directory;
  if (now.major !== major || now.minor !== minor || now.inode !== inode)
    return `${directory} is another directory now`;
  const changed = Object.entries(stamp.changed).find(([path, at]) => changedAt(directory + path) !== at);
  return changed === undefined
    ? null
    : `something was added to ${directory}${changed[0]}, taken away or exchanged`;
}
