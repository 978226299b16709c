/**
 * What a command that was killed has left in `part`. The next one takes up what is proved, and begins all else anew: what a recipe has made, by its digest, and a
 * tree whose layers are all unpacked. Of a layer that was being laid nothing is proved: it is a change of what is below it, which is gone.
 */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import type { Recipe } from '../../spec/generated/recipe.js';
import { isRecord } from '../../spec/is-record.js';
import { bootId } from '../host/boot-id.js';
import { removeAll } from './inside.js';

/** A recipe means the packages of today. */
const FRESH_MS = 24 * 60 * 60 * 1000;

export const madeBy = (part: string): string => `${part}/made.tar`;
export const treeIn = (part: string): string => `${part}/tree`;
const made = (part: string): string => `${part}/made.json`;
const unpacked = (part: string): string => `${part}/unpacked.json`;

/** A half one, or one of a disk that lost it, is none. */
function read(path: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}

/** Nothing is waited for: what is read of it is proved, or counts for this boot only. */
function write(path: string, value: object): void {
  writeFileSync(`${path}.draft`, JSON.stringify(value), { mode: 0o600 });
  renameSync(`${path}.draft`, path);
}

/** The digest of the tar that the recipe has made; null: it must be carried out. */
export function madeBefore(part: string, recipe: Recipe): string | null {
  const { asked, at, digest } = read(made(part));
  const age = Date.now() - Number(at);
  const isIt = asked === JSON.stringify(recipe) && age >= 0 && age < FRESH_MS && existsSync(madeBy(part));
  return isIt && typeof digest === 'string' ? digest : null;
}

export const keepMade = (part: string, recipe: Recipe, digest: string): void =>
  write(made(part), { asked: JSON.stringify(recipe), at: Date.now(), digest });

export interface Unpacked {
  /** Digests of the archives, in order. */
  readonly layers: readonly string[];
  /** They may hold whiteouts. */
  readonly layered: boolean;
  readonly devices: boolean;
  /** Mount points that were to be made where they were missing. */
  readonly places: readonly string[];
}

/** After a boot the disk may have less than was written. */
const markOf = ({ layers, layered, devices, places }: Unpacked): string =>
  JSON.stringify([bootId(), layers, layered, devices, places]);

export const isUnpacked = (part: string, what: Unpacked): boolean =>
  lstatSync(treeIn(part), { throwIfNoEntry: false })?.isDirectory() === true &&
  read(unpacked(part)).mark === markOf(what);

/** `bytes`: of the files in it. `made`: of the mount points those that were missing. */
export const keepUnpacked = (
  part: string,
  what: Unpacked,
  bytes: number,
  made: readonly string[] = [],
): void => write(unpacked(part), { mark: markOf(what), bytes, made });

/** Of what is unpacked there. */
export function placesMade(part: string): readonly string[] {
  const { made } = read(unpacked(part));
  return Array.isArray(made) ? made.filter(path => typeof path === 'string') : [];
}

/** Before the tree is changed. */
export const forgetUnpacked = (part: string): void => rmSync(unpacked(part), { force: true });

/** The bytes that are free once the tree there has gone. */
export function bytesInTree(part: string): number {
  const { bytes } = read(unpacked(part));
  return typeof bytes === 'number' && existsSync(treeIn(part)) ? bytes : 0;
}

/** `part` with nothing in it but what may be taken up. `unpacks`: it is a tree that will be made there. */
export function beginPart(part: string, recipe: Recipe | null, unpacks: boolean): void {
  const kept = new Set([
    ...(unpacks && existsSync(unpacked(part)) ? [treeIn(part), unpacked(part)] : []),
    ...(recipe !== null && madeBefore(part, recipe) !== null ? [madeBy(part), made(part)] : []),
  ]);
  const isPart = lstatSync(part, { throwIfNoEntry: false })?.isDirectory() === true;
  if (!isPart || kept.size === 0) removeAll(part);
  mkdirSync(part, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(part)) if (!kept.has(`${part}/${name}`)) removeAll(`${part}/${name}`);
}
