/** Where imported trees are (docs/trees-in.md, "Where trees are kept"). */
import {
  closeSync,
  fchmodSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import type { Recipe } from '../../spec/generated/recipe.js';
import { isRecord } from '../../spec/is-record.js';
import { codeOf } from '../host/error-code.js';

export const STORE = '/var/lib/chos/trees';
export const REGISTRY = '/etc/chos.d';

export const homeOf = (name: string): string => `${STORE}/${name}`;
/** What is registered: a link to the version in use. */
export const currentOf = (name: string): string => `${homeOf(name)}/current`;
export const versionOf = (name: string, version: number): string => `${homeOf(name)}/${version}`;
export const recordOf = (name: string, version: number): string => `${versionOf(name, version)}.json`;
/** What is being made. */
export const partOf = (name: string): string => `${homeOf(name)}/part`;
export const registryFileOf = (name: string): string => `${REGISTRY}/${name}.json`;

/** What is known of a version. */
export interface VersionRecord {
  readonly name: string;
  readonly version: number;
  /** As it was given. */
  readonly source: string;
  /** The image's name and the digest of its configuration; null for a tar. */
  readonly image: { readonly name: string | null; readonly digest: string } | null;
  /** What `source` stood for, if it was a recipe. */
  readonly recipe: Recipe | null;
  /** Of the archives that were unpacked, as they are stored. */
  readonly layers: readonly string[];
  /** Not unpacked: the one archive is mounted. */
  readonly squashfs: boolean;
  /** Mount points inside that the source lacked. */
  readonly places: readonly string[];
  readonly digest: string;
  readonly entries: number;
  readonly bytes: number;
  /** Of these, how many lie on the disk once with those of the version before. */
  readonly shared: number;
  /** RFC 3339. */
  readonly created: string;
}

/** Null: there is none, or it is not one. `prefix`: the host's root. */
export function readRecord(name: string, version: number, prefix = ''): VersionRecord | null {
  try {
    const read: unknown = JSON.parse(readFileSync(prefix + recordOf(name, version), 'utf8'));
    return isRecord(read) && typeof read.digest === 'string' && typeof read.bytes === 'number'
      ? (read as unknown as VersionRecord)
      : null;
  } catch {
    return null;
  }
}

/** Null: it is no version of an imported tree. */
export function versionAt(directory: string): { readonly tree: string; readonly version: number } | null {
  if (!directory.startsWith(`${STORE}/`)) return null;
  const [, tree, version] = /^([^/]+)\/(\d+)$/.exec(directory.slice(STORE.length + 1)) ?? [];
  return tree === undefined ? null : { tree, version: Number(version) };
}

export function versionDigest(directory: string, prefix = ''): string | null {
  const at = versionAt(directory);
  return at === null ? null : (readRecord(at.tree, at.version, prefix)?.digest ?? null);
}

function list(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Names of trees in the store, whole or not. */
export const storedNames = (): readonly string[] => list(STORE).slice().sort();

/** Whole versions, the oldest first: directory and record. */
export function versionsOf(name: string): readonly number[] {
  const all = new Set(list(homeOf(name)));
  return [...all]
    .filter(file => /^[1-9][0-9]{0,8}$/.test(file) && all.has(`${file}.json`))
    .map(Number)
    .sort((one, other) => one - other);
}

/** The version in use; null: there is none. */
export function currentVersion(name: string): number | null {
  try {
    const target = readlinkSync(currentOf(name));
    return versionsOf(name).find(version => String(version) === target) ?? null;
  } catch (error) {
    // Not there, or no link: then none is in use.
    if (['ENOENT', 'EINVAL'].includes(codeOf(error))) return null;
    throw error;
  }
}

/** A number that no version of it had as far as can be seen. */
export function nextVersion(name: string): number {
  const numbers = list(homeOf(name)).map(file =>
    Number(/^([1-9][0-9]{0,8})(\.json|\.squashfs)?$/.exec(file)?.[1] ?? 0),
  );
  return 1 + Math.max(0, ...numbers);
}

/** A file as a whole, or not at all. `draft` is beside it. */
export function writeWhole(path: string, draft: string, text: string, mode: number): void {
  rmSync(draft, { force: true });
  const fd = openSync(draft, 'wx', mode);
  try {
    // Whatever root's umask is.
    fchmodSync(fd, mode);
    writeSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(draft, path);
}

export function syncDirectory(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Sets the version in use, in one step. */
export function setCurrent(name: string, version: number): void {
  const draft = `${homeOf(name)}/part.link`;
  rmSync(draft, { force: true });
  symlinkSync(String(version), draft);
  renameSync(draft, currentOf(name));
  syncDirectory(homeOf(name));
}

export function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
