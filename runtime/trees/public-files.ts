/**
 * What every user finds of the trees (docs/chos.md), read by runtime/engine/chos:
 *
 *     /run/chos/trees            names and what the registry says of them; the format stands in runtime/engine/chos/trees.c
 *     /run/chos/entries/NAME     the entry program of a tree
 *     /run/chos/links/NAME       of one that is entered by the kernel's link: its path, and the skeleton's, each in a line; for pam_chos (docs/login.md)
 *
 * Each file is written under another name and renamed, so that whoever reads it has one or the other.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { fileName } from '../../spec/records/names.js';
import type { Variables } from './feature-content.js';
import type { Registry } from './registry.js';

export const PLACE = '/run/chos';
export const ENTRIES = 'entries';
const LINKS = 'links';
const FORMAT_VERSION = 1;

/** One that would end the line, or move somebody's cursor, stands for nothing in it. */
const controls = /\p{Cc}/u;

/** Of a classic alias, which may be any path. */
export const isPublicName = (name: string): boolean =>
  !controls.test(name) && Buffer.byteLength(fileName(name)) <= 240;

const escaped = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');

/** By the name of the tree: why it has no entry program; what its features make of variables. */
export function treesText(
  registry: Registry,
  refused: ReadonlyMap<string, string>,
  featured: ReadonlyMap<string, Variables> = new Map(),
): string {
  const { defaultTree, choices } = registry;
  const trees = [...registry.trees.values()].filter(({ name }) => isPublicName(name));
  const lines = [
    `chos ${FORMAT_VERSION}`,
    ...(defaultTree !== null && isPublicName(defaultTree) ? [`default ${defaultTree}`] : []),
    ...choices.filter(({ tree }) => isPublicName(tree)).map(({ by, of, tree }) => `${by} ${of} ${tree}`),
    ...trees.flatMap(({ name, description, shell, variables, environment: { keep, unset, set } }) => [
      `tree ${name}`,
      ...(description === '' ? [] : [`description ${description.replaceAll(/\p{Cc}/gu, ' ')}`]),
      ...(controls.test(shell) ? [] : [`shell ${shell}`]),
      ...(refused.has(name) ? [`refused ${escaped(refused.get(name) ?? '')}`] : []),
      // One that fits no name says that nothing more stays.
      ...(keep === null ? [] : [...keep, '='].map(pattern => `keep ${pattern}`)),
      ...unset.map(pattern => `unset ${pattern}`),
      ...[...variables, ...set, ...(featured.get(name)?.set ?? [])].map(entry => `env ${escaped(entry)}`),
      ...(featured.get(name)?.prepend ?? []).map(entry => `prepend ${escaped(entry)}`),
    ]),
  ];
  return `${lines.join('\n')}\n`;
}

/** A directory of root's that all may look into. What else is there under that name is not ours to write to. */
export function openDirectory(path: string): void {
  try {
    mkdirSync(path, 0o755);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  const stat = lstatSync(path);
  if (!stat.isDirectory() || stat.uid !== 0) throw Object.assign(new Error(path), { code: 'EPERM' });
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    // Whatever the umask took away.
    fchmodSync(fd, 0o755);
  } finally {
    closeSync(fd);
  }
}

function write(directory: string, name: string, content: Uint8Array): void {
  const draft = `${directory}/.${name}.${process.pid}`;
  rmSync(draft, { force: true });
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const fd = openSync(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644);
  try {
    fchmodSync(fd, 0o644);
    for (let at = 0; at < content.length; ) at += writeSync(fd, content, at);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
  renameSync(draft, `${directory}/${name}`);
}

export interface EntryFiles {
  /** Null: it has none. */
  readonly image: Uint8Array | null;
  readonly link: { readonly path: string; readonly skeleton: string } | null;
}

export interface PublicFiles {
  readonly trees: string;
  /** By the name of the tree. */
  readonly entries: ReadonlyMap<string, EntryFiles>;
  /** Those that are not named go. */
  readonly all: boolean;
}

/** What is null goes. */
function writeEach(directory: string, contents: ReadonlyMap<string, Uint8Array | null>, all: boolean): void {
  const kept = new Set<string>();
  for (const [name, content] of contents) {
    const file = fileName(name);
    if (content === null) rmSync(`${directory}/${file}`, { force: true });
    else {
      write(directory, file, content);
      kept.add(file);
    }
  }
  if (all) for (const file of readdirSync(directory)) if (!kept.has(file)) rmSync(`${directory}/${file}`);
}

function linkText({ link }: EntryFiles): Uint8Array | null {
  if (link === null || controls.test(link.path + link.skeleton)) return null;
  return Buffer.from(`${link.path}\n${link.skeleton}\n`, 'utf8');
}

/** `place`: PLACE in the root of the host. Entry programs first, so that the list names none that is not there yet. */
export function writePublicFiles(place: string, { trees, entries, all }: PublicFiles): void {
  const [images, links] = [ENTRIES, LINKS].map(name => `${place}/${name}`) as [string, string];
  for (const directory of [place, images, links]) openDirectory(directory);
  const files = [...entries];
  writeEach(images, new Map(files.map(([name, { image }]) => [name, image])), all);
  writeEach(links, new Map(files.map(([name, entry]) => [name, linkText(entry)])), all);
  write(place, 'trees', Buffer.from(trees, 'utf8'));
}
