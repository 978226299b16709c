/**
 * Read the registry. It decides what root sees as "/", so each file and the directory must belong to root and be writable by nobody else; there is
 * no variable that names another place.
 */

import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { CONFIG_LIMIT } from '../../spec/container-limits.js';
import type { Diagnostic } from '../admit/diagnostic.js';
import { codeOf } from '../host/error-code.js';
import { Looks } from '../host/looks.js';
import { parseClassicFile } from './classic-file.js';
import { parseJsonFile } from './json-file.js';
import {
  type BrokenFile,
  DEFAULT_NAME,
  type ReadFile,
  type RegisteredFile,
  type RegisteredShare,
  type RegisteredTree,
  type Registry,
  type RegistryFile,
  renderedAt,
  type SiteChoice,
} from './registry.js';
import { resolveFeatures } from './resolve-features.js';

export const CLASSIC = '/etc/chos';
export const DIRECTORY = '/etc/chos.d';

export type ReadRegistry =
  | { readonly kind: 'registry'; readonly registry: Registry; readonly files: readonly RegistryFile[] }
  /** The directory of the files: nothing in it counts. */
  | { readonly kind: 'untrusted'; readonly path: string; readonly why: 'owner' | 'mode' | 'not-a-file' }
  | { readonly kind: 'unreadable'; readonly path: string; readonly code: string };

/** Why there is no registry at all. */
export type NoRegistry = Exclude<ReadRegistry, { readonly kind: 'registry' }>;

/** Why an opened file cannot be trusted; null if it can. */
function distrust(fd: number, directory: boolean): 'owner' | 'mode' | 'not-a-file' | null {
  const stat = fstatSync(fd);
  if (directory ? !stat.isDirectory() : !stat.isFile()) return 'not-a-file';
  if (stat.uid !== 0) return 'owner';
  return (stat.mode & 0o022) === 0 ? null : 'mode';
}

/** Asking costs a tenth of what an exception does. Of what cannot be looked at whoever opens it tells why. */
function isMissing(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) === undefined;
  } catch {
    return false;
  }
}

/** Bytes of a file; null if there is none. A symlink is followed: whoever may place one in /etc is root. */
export function readTrusted(path: string): Uint8Array | null | NoRegistry {
  let fd: number;
  if (isMissing(path)) return null;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    const code = codeOf(error);
    // A link that leads nowhere registers something that is lost: its target is on a file system that is not mounted, say.
    return code === 'ENOENT' && isMissing(path) ? null : { kind: 'unreadable', path, code };
  }
  try {
    const why = distrust(fd, false);
    if (why !== null) return { kind: 'untrusted', path, why };
    // What is longer is refused in any case, and need not be read.
    return fstatSync(fd).size > CONFIG_LIMIT ? { kind: 'unreadable', path, code: 'EFBIG' } : readFileSync(fd);
  } catch (error) {
    return { kind: 'unreadable', path, code: codeOf(error) };
  } finally {
    closeSync(fd);
  }
}

export function jsonFiles(directory: string): readonly string[] | NoRegistry {
  let fd: number;
  if (isMissing(directory)) return [];
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

export const isBad = (value: object): value is NoRegistry => 'kind' in value;

/** Of two entries for one path the first counts: trees of the other file are then not for the skeleton. */
function firstOfEach<Entry extends { readonly path: string }>(shares: readonly Entry[]): readonly Entry[] {
  const byPath = new Map<string, Entry>();
  for (const share of shares) if (!byPath.has(share.path)) byPath.set(share.path, share);
  return [...byPath.values()];
}

/** The nearest that names a file counts: the tree, its file, the site. What comes of it is shown like a share that is read-only. */
function withFiles(tree: RegisteredTree, site: readonly RegisteredFile[]): RegisteredTree {
  const files = firstOfEach([...tree.files, ...site]).filter(({ content }) => content.kind !== 'tree');
  const shown = files.map(
    ({ path, content, diagnose }): RegisteredShare => ({
      path,
      readonly: true,
      optional: content.kind === 'host',
      from: renderedAt(tree.name, path),
      diagnose,
    }),
  );
  return { ...tree, files, shares: firstOfEach([...shown, ...tree.shares]) };
}

interface Named {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  diagnose(what: Diagnostic['what']): Diagnostic;
}

/** Which one a name means is not for us to guess: a name that two entries have is nobody's. `isTree`: what is lost is a tree. */
function unique<Entry extends Named>(
  all: readonly Entry[],
  broken: BrokenFile[],
  isTree: boolean,
): readonly Entry[] {
  return all.filter(entry => {
    const other = all.find(one => one !== entry && one.name === entry.name);
    if (other === undefined) return true;
    const diagnostics = [entry.diagnose({ kind: 'taken', first: `${other.file}:${other.line}` })];
    const trees = isTree ? [entry.name] : [];
    broken.push({ file: entry.file, why: { kind: 'diagnostics', diagnostics }, trees });
    return false;
  });
}

/** All of them, so that nobody is told that one does not exist which is only wrong. */
function featuresOf(files: readonly RegistryFile[], broken: BrokenFile[]): Registry['features'] {
  const all = unique(
    files.flatMap(file => file.features),
    broken,
    false,
  );
  const features = new Map(all.map(feature => [feature.name, feature]));
  for (const feature of all) {
    const resolved = resolveFeatures(features, [feature.name]);
    if (resolved.kind === 'features') continue;
    const diagnostics = [feature.diagnose(resolved.fault)];
    broken.push({ file: feature.file, why: { kind: 'diagnostics', diagnostics }, trees: [] });
  }
  return features;
}

/** A tree that asks for features which do not go together, or do not exist, is not started without them. */
function withFeatures(
  trees: readonly RegisteredTree[],
  features: Registry['features'],
  broken: BrokenFile[],
): readonly RegisteredTree[] {
  return trees.filter(tree => {
    const resolved = resolveFeatures(features, tree.features);
    if (resolved.kind === 'features') return true;
    const diagnostics = [tree.diagnoseFeatures(resolved.fault)];
    broken.push({ file: tree.file, why: { kind: 'diagnostics', diagnostics }, trees: [tree.name] });
    return false;
  });
}

function defaultOf(
  files: readonly RegistryFile[],
  trees: ReadonlyMap<string, RegisteredTree>,
  broken: BrokenFile[],
): string | null {
  const given = files.flatMap(({ defaultTree }) => (defaultTree === null ? [] : [defaultTree]));
  const [only] = given;
  if (only === undefined) return null;
  const refuse = (what: Diagnostic['what']): null => {
    const diagnostics = given.map(one => one.diagnose(what));
    const file = diagnostics[0]?.file ?? '';
    broken.push({ file, why: { kind: 'diagnostics', diagnostics }, trees: [] });
    return null;
  };
  if (given.length > 1) return refuse({ kind: 'duplicate', first: 'the default of another file' });
  return trees.has(only.name) ? only.name : refuse({ kind: 'unknown-tree' });
}

function choicesOf(
  files: readonly RegistryFile[],
  trees: ReadonlyMap<string, RegisteredTree>,
  broken: BrokenFile[],
): readonly SiteChoice[] {
  const choices = files.flatMap(file => file.choices);
  for (const choice of choices) {
    if (trees.has(choice.tree) || choice.tree === DEFAULT_NAME) continue;
    const diagnostic = choice.diagnose({ kind: 'unknown-tree' });
    broken.push({
      file: diagnostic.file,
      why: { kind: 'diagnostics', diagnostics: [diagnostic] },
      trees: [],
    });
  }
  return choices;
}

/** Put the files together. What two of them say differently counts for nothing, and is told like a broken file. */
export function mergeFiles(files: readonly RegistryFile[], unusable: readonly BrokenFile[] = []): Registry {
  const broken = [...unusable];
  const site = firstOfEach(files.filter(file => file.siteWide).flatMap(file => file.shares));
  const siteFiles = files.filter(file => file.siteWide).flatMap(file => file.files);
  const withSite = (tree: RegisteredTree): RegisteredTree =>
    withFiles(tree.ownShares ? tree : { ...tree, shares: firstOfEach([...tree.shares, ...site]) }, siteFiles);
  const registered = unique(
    files.flatMap(file => file.trees),
    broken,
    true,
  );
  const features = featuresOf(files, broken);
  const usable = withFeatures(registered, features, broken);
  const trees = new Map(usable.map(tree => [tree.name, withSite(tree)]));
  const defaultTree = defaultOf(files, trees, broken);
  const choices = choicesOf(files, trees, broken);
  const shares = firstOfEach(files.flatMap(file => file.shares));
  return { trees, shares, defaultTree, choices, features, broken };
}

/**
 * `prefix`: another root, as /proc/1/root. `without`: the name of a file that is left out, because another is to take its place. `looks` is told of what is read; what is not as it should
 * be is looked at each time.
 */
export function readRegistry(prefix = '', without: string | null = null, looks = new Looks()): ReadRegistry {
  const files: RegistryFile[] = [];
  const broken: BrokenFile[] = [];
  const take = (file: string, parse: (bytes: Uint8Array) => ReadFile): void => {
    const bytes = readTrusted(prefix + file);
    if (bytes === null || !isBad(bytes)) looks.trusted(prefix + file, bytes);
    else if (bytes.kind === 'untrusted') looks.untrusted(prefix + file, false);
    else looks.cannot();
    if (bytes === null || file === without) return;
    if (isBad(bytes)) {
      const why =
        bytes.kind === 'untrusted'
          ? ({ kind: 'untrusted', why: bytes.why } as const)
          : ({ kind: 'unreadable', code: bytes.code } as const);
      broken.push({ file, why, trees: [] });
      return;
    }
    const read = parse(bytes);
    if (read.kind === 'read') files.push(read.file);
    else
      broken.push({ file, why: { kind: 'diagnostics', diagnostics: read.diagnostics }, trees: read.trees });
  };
  take(CLASSIC, bytes => parseClassicFile(CLASSIC, Buffer.from(bytes).toString('utf8')));
  const names = jsonFiles(prefix + DIRECTORY);
  if (isBad(names)) {
    if (names.kind === 'untrusted') looks.untrusted(prefix + DIRECTORY, true);
    else looks.cannot();
    return names;
  }
  looks.files(
    prefix + DIRECTORY,
    names.map(path => basename(path)),
  );
  for (const name of names.map(path => path.slice(prefix.length)))
    take(name, bytes => parseJsonFile(name, bytes));
  return { kind: 'registry', registry: mergeFiles(files, broken), files };
}
