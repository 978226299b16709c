/**
 * The `files` of trees (docs/trees.md), as regular files of root's that views show:
 *
 *     /run/chos/files/TREE/%2Fetc%2Fpasswd
 *
 * What is there already is written in place, so that those who are inside see what is new, and no view becomes another one by it. Nothing is taken away before
 * the entry programs that show it are others: until then one that the host has no longer is only marked.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  writeSync,
} from 'node:fs';
import { fileName } from '../../spec/records/names.js';
import type { Reason } from '../admit/diagnostic.js';
import { codeOf } from '../host/error-code.js';
import { MERGED } from './accounts.js';
import { openRegular } from './inside.js';
import { names, parent } from './path-parts.js';
import { directoryOf } from './prepare-input.js';
import { openDirectory } from './public-files.js';
import { realPath } from './real-path.js';
import { FILES, type RegisteredFile, type RegisteredTree, type Registry, renderedAt } from './registry.js';
import { GONE, isRendered, isThere } from './shown-shares.js';

/** Of accounts and the like; what is longer is none. */
const LIMIT = 16 << 20;

interface Content {
  readonly bytes: Buffer;
  readonly stat: Pick<Stats, 'uid' | 'gid' | 'mode'>;
}

type Read = Content | { readonly fault: Reason } | null;

const isFault = (read: Read): read is { readonly fault: Reason } => read !== null && 'fault' in read;
const noFile = (code: string): Read => ({ fault: { kind: 'no-file', code } });

function readRegular(path: string): Read {
  let fd: number | null = null;
  try {
    fd = openRegular(path);
    if (fd === null) return noFile('EINVAL');
    const stat = fstatSync(fd);
    return stat.size > LIMIT ? noFile('EFBIG') : { bytes: readFileSync(fd), stat };
  } catch (error) {
    return noFile(codeOf(error));
  } finally {
    if (fd !== null) closeSync(fd);
  }
}

/** Of the host; null: it has none. */
function readHost(path: string, prefix: string): Read {
  const real = realPath(path, prefix);
  if (real.kind === 'foreign-link')
    return { fault: { kind: 'foreign-link', link: real.link, ...real.foreign } };
  if (real.kind === 'missing')
    return real.code === 'ENOENT' || real.code === 'ENOTDIR' ? null : noFile(real.code);
  return readRegular(prefix + real.path);
}

/** Of the tree; null: it has none, or an image's symlink stands there or on the way, which would lead to the host. */
function readTree(directory: string, path: string): Read {
  let at = directory;
  for (const name of names(path)) {
    at = `${at}/${name}`;
    const stat = lstatSync(at, { throwIfNoEntry: false });
    if (stat === undefined || stat.isSymbolicLink()) return null;
  }
  return readRegular(at);
}

function contentOf(file: RegisteredFile, directory: string, prefix: string): Read {
  const { path, content } = file;
  const host = readHost(content.kind === 'from' ? content.from : path, prefix);
  if (host === null) return content.kind === 'host' ? null : noFile('ENOENT');
  if (content.kind !== 'merge' || isFault(host)) return host;
  const tree = readTree(directory, path);
  if (isFault(tree)) return tree;
  const own = tree === null ? '' : tree.bytes.toString('latin1');
  const merge = MERGED[path];
  // Names may have any bytes.
  const text = merge?.(own, host.bytes.toString('latin1')) ?? '';
  return { bytes: Buffer.from(text, 'latin1'), stat: host.stat };
}

function writeAll(fd: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, at);
}

/** One write, in which empty lines are what a longer text before it had behind its end: no reader finds half of an old line there. */
function overwrite(fd: number, bytes: Buffer, former: number): void {
  const lines = bytes.length === 0 || bytes.at(-1) === 10;
  writeAll(
    fd,
    lines && former > bytes.length ? Buffer.concat([bytes], former).fill(10, bytes.length) : bytes,
  );
  ftruncateSync(fd, bytes.length);
}

function put(path: string, { bytes, stat }: Content): void {
  const { O_RDWR, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const own = (fd: number): void => {
    fchownSync(fd, stat.uid, stat.gid);
    fchmodSync(fd, stat.mode & 0o777 & ~0o022);
  };
  const there = lstatSync(path, { throwIfNoEntry: false });
  const draft = `${parent(path)}/.${process.pid}`;
  // Of a command that was killed, and had the number of this one.
  if (there === undefined) rmSync(draft, { force: true });
  const fd =
    there === undefined
      ? openSync(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
      : openSync(path, O_RDWR | O_NOFOLLOW);
  try {
    own(fd);
    if (there === undefined) writeAll(fd, bytes);
    else if (!readFileSync(fd).equals(bytes)) overwrite(fd, bytes, there.size);
  } finally {
    closeSync(fd);
  }
  if (there === undefined) renameSync(draft, path);
}

/** The host has it no longer. Who shows it goes on; who looks from now on finds none. */
function markGone(path: string): void {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return;
  const fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    fchmodSync(fd, (fstatSync(fd).mode & 0o777) | GONE);
  } finally {
    closeSync(fd);
  }
}

const placeOf = (tree: string, prefix: string): string => `${prefix}${FILES}/${fileName(tree)}`;

type Filed = Pick<RegisteredTree, 'name' | 'path' | 'files'>;

/** What is wrong with one, in the words of its place in the registry; the tree's other files are written all the same. */
export function renderFiles(tree: Filed, prefix = ''): readonly ReturnType<RegisteredFile['diagnose']>[] {
  const place = placeOf(tree.name, prefix);
  if (tree.files.length === 0) return [];
  for (const directory of [parent(parent(place)), parent(place), place]) openDirectory(directory);
  const directory = prefix + directoryOf(tree.path, prefix);
  return tree.files.flatMap(file => {
    const content = contentOf(file, directory, prefix);
    if (isFault(content)) return [file.diagnose(content.fault)];
    const path = prefix + renderedAt(tree.name, file.path);
    if (content === null) markGone(path);
    else put(path, content);
    return [];
  });
}

/** What `renderFiles` would find wrong. */
export const fileFaults = (tree: Filed): readonly ReturnType<RegisteredFile['diagnose']>[] =>
  tree.files.flatMap(file => {
    const content = contentOf(file, directoryOf(tree.path), '');
    return isFault(content) ? [file.diagnose(content.fault)] : [];
  });

/** Of a command that writes at this moment. */
const isInWork = (name: string): boolean => /^\.\d+$/.test(name) && isThere(`/proc/${name.slice(1)}`);

/** What the tree shows no longer: to be taken away when nobody is entering it by the program that has shown it (starts-in-work.ts). */
export function surplusFiles(tree: Filed, prefix = ''): readonly string[] {
  const place = placeOf(tree.name, prefix);
  if (!isThere(place)) return [];
  if (tree.files.length === 0) return [place];
  const shown = new Set(
    tree.files
      .filter(({ path }) => isRendered(prefix + renderedAt(tree.name, path)))
      .map(({ path }) => fileName(path)),
  );
  return readdirSync(place)
    .filter(name => !shown.has(name) && !isInWork(name))
    .map(name => `${place}/${name}`);
}

/** Of all trees, and of those that are registered no longer; what a broken file registers is unknown, and stays. */
export function surplusFilesOfAll({ trees, broken }: Registry, prefix = ''): readonly string[] {
  const surplus = [...trees.values()].flatMap(tree => surplusFiles(tree, prefix));
  if (broken.length > 0 || !isThere(prefix + FILES)) return surplus;
  const kept = new Set([...trees.keys()].map(fileName));
  const others = readdirSync(prefix + FILES).filter(name => !kept.has(name));
  return [...surplus, ...others.map(name => `${prefix}${FILES}/${name}`)];
}
