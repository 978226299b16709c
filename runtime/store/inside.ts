/**
 * Places inside a tree that nobody but us changes. Links lead as they would for a process whose root the tree is, never out of it. Paths are bytes, as Latin-1
 * strings.
 */
import { spawnSync } from 'node:child_process';
import { lstatSync, readlinkSync, rmSync, type Stats } from 'node:fs';
import { codeOf } from '../host/error-code.js';
import { LINKS } from '../trees/path-parts.js';

export const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1');

/** Null: there is no such name, or one on the way is no directory. */
export function look(path: string): Stats | null {
  try {
    return lstatSync(bytesOf(path), { throwIfNoEntry: false }) ?? null;
  } catch (error) {
    if (codeOf(error) === 'ENOTDIR') return null;
    throw error;
  }
}

/** The real path of a name, the last one not followed unless `last` says so; null: a directory on the way is not there, or links go in circles. */
export function placeIn(root: string, path: string, last: 'keep' | 'follow' = 'keep'): string | null {
  const rest = path.split('/');
  const at: string[] = [];
  for (let links = 0; rest.length > 0; ) {
    const name = rest.shift() ?? '';
    if (name === '' || name === '.') continue;
    if (name === '..') {
      at.pop();
      continue;
    }
    const here = [root, ...at, name].join('/');
    const isLast = rest.every(part => part === '' || part === '.');
    if (isLast && last === 'keep') return here;
    const stat = look(here);
    if (stat === null) return null;
    if (!stat.isSymbolicLink()) {
      if (!isLast && !stat.isDirectory()) return null;
      at.push(name);
      continue;
    }
    if (++links > LINKS) return null;
    const target = readlinkSync(bytesOf(here), { encoding: 'buffer' }).toString('latin1');
    if (target.startsWith('/')) at.length = 0;
    rest.unshift(...target.split('/'));
  }
  return [root, ...at].join('/');
}

export function removeAll(path: string): void {
  const bytes = bytesOf(path);
  try {
    rmSync(bytes, { recursive: true, force: true });
  } catch (error) {
    if (!(error instanceof RangeError) && codeOf(error) !== 'ENAMETOOLONG') throw error;
    // An archive can be deeper than a path can be long (by links), or than Node has stack for; rm(1) goes down step by step. Arguments would be UTF-8.
    spawnSync('/usr/bin/xargs', ['-0', '/bin/rm', '-rf', '--'], {
      input: Buffer.concat([bytes, Buffer.alloc(1)]),
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    if (look(path) !== null) throw error;
  }
}
