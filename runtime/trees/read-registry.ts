/**
 * Read the registry. It decides what root sees as "/", so each file and the directory must belong to root and be writable by nobody else; there is
 * no variable that names another place.
 */
import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync } from 'node:fs';
import type { Share } from '../../spec/environment.js';
import type { Diagnostic } from '../admit/diagnostic.js';
import { parseClassicFile } from './classic-file.js';
import { parseJsonFile } from './json-file.js';
import type { ReadFile, RegisteredTree, Registry, RegistryFile } from './registry.js';

export const CLASSIC = '/etc/chos';
export const DIRECTORY = '/etc/chos.d';

export type ReadRegistry =
  | { readonly kind: 'registry'; readonly registry: Registry }
  | { readonly kind: 'refused'; readonly diagnostics: readonly Diagnostic[] }
  | { readonly kind: 'untrusted'; readonly path: string; readonly why: 'owner' | 'mode' | 'not-a-file' }
  | { readonly kind: 'unreadable'; readonly path: string; readonly code: string };

type Bad = Exclude<ReadRegistry, { readonly kind: 'registry' }>;

const codeOf = (error: unknown): string => {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  throw error;
};

/** Why an opened file cannot be trusted; null if it can. */
function distrust(fd: number, directory: boolean): 'owner' | 'mode' | 'not-a-file' | null {
  const stat = fstatSync(fd);
  if (directory ? !stat.isDirectory() : !stat.isFile()) return 'not-a-file';
  if (stat.uid !== 0) return 'owner';
  return (stat.mode & 0o022) === 0 ? null : 'mode';
}

/** Bytes of a file; null if there is none. A symlink is followed: whoever may place one in /etc is root. */
function readTrusted(path: string): Uint8Array | null | Bad {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    const code = codeOf(error);
    return code === 'ENOENT' ? null : { kind: 'unreadable', path, code };
  }
  try {
    const why = distrust(fd, false);
    return why === null ? readFileSync(fd) : { kind: 'untrusted', path, why };
  } finally {
    closeSync(fd);
  }
}

function jsonFiles(directory: string): readonly string[] | Bad {
  let fd: number;
  try {
    fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    const code = codeOf(error);
    return code === 'ENOENT' ? [] : { kind: 'unreadable', path: directory, code };
  }
  try {
    const why = distrust(fd, true);
    if (why !== null) return { kind: 'untrusted', path: directory, why };
  } finally {
    closeSync(fd);
  }
  return readdirSync(directory)
    .filter(name => name.endsWith('.json') && !name.startsWith('.'))
    .sort()
    .map(name => `${directory}/${name}`);
}

const isBad = (value: object): value is Bad => 'kind' in value;

/** Of two entries for one path the first counts: trees of the other file are then not for the skeleton. */
function sharesOf(files: readonly RegistryFile[]): readonly Share[] {
  const byPath = new Map<string, Share>();
  for (const share of files.flatMap(file => file.shares))
    if (!byPath.has(share.path)) byPath.set(share.path, share);
  return [...byPath.values()];
}

/** Put the files together; a name or a default that two of them give is an error. */
export function mergeFiles(files: readonly RegistryFile[]): ReadRegistry {
  const trees = new Map<string, RegisteredTree>();
  const diagnostics: Diagnostic[] = [];
  let defaultTree: RegistryFile['defaultTree'] = null;
  for (const file of files) {
    for (const tree of file.trees) {
      const first = trees.get(tree.name);
      if (first === undefined) trees.set(tree.name, tree);
      else diagnostics.push(tree.diagnose(null, { kind: 'taken', first: `${first.file}:${first.line}` }));
    }
    if (file.defaultTree === null) continue;
    if (defaultTree !== null)
      diagnostics.push(
        file.defaultTree.diagnose({ kind: 'duplicate', first: 'the default of another file' }),
      );
    defaultTree = file.defaultTree;
  }
  if (defaultTree !== null && !trees.has(defaultTree.name))
    diagnostics.push(defaultTree.diagnose({ kind: 'unknown-tree' }));
  return diagnostics.length > 0
    ? { kind: 'refused', diagnostics }
    : {
        kind: 'registry',
        registry: { trees, shares: sharesOf(files), defaultTree: defaultTree?.name ?? null },
      };
}

/** `prefix`: another root, as /proc/1/root. */
export function readRegistry(prefix = ''): ReadRegistry {
  const files: RegistryFile[] = [];
  const diagnostics: Diagnostic[] = [];
  const take = (read: ReadFile): void => {
    if (read.kind === 'read') files.push(read.file);
    else diagnostics.push(...read.diagnostics);
  };
  const classic = readTrusted(prefix + CLASSIC);
  if (classic !== null && isBad(classic)) return classic;
  if (classic !== null) take(parseClassicFile(CLASSIC, Buffer.from(classic).toString('utf8')));
  const names = jsonFiles(prefix + DIRECTORY);
  if (isBad(names)) return names;
  for (const name of names) {
    const bytes = readTrusted(name);
    if (bytes === null) continue;
    if (isBad(bytes)) return bytes;
    take(parseJsonFile(name.slice(prefix.length), bytes));
  }
  return diagnostics.length > 0 ? { kind: 'refused', diagnostics } : mergeFiles(files);
}
