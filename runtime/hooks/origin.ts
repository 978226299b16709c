/**
 * Which files of hooks.d the hooks of a config.json may come from: Podman and CRI-O write them there and do not say. Read by each launch that has hooks, so
 * that its failures can name them: without schema and patterns, and nothing that is wrong ends a launch.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isRecord } from '../../spec/is-record.js';
import { hookKinds, type NormalHooks } from '../../spec/normal-config.js';
import { codeOf } from '../host/error-code.js';
import type { Looks } from '../host/looks.js';
import { DIRECTORIES, isHookFile } from './places.js';

/** A file that is larger is no file of hooks.d; nor do that many help anybody. */
const LARGEST = 64 * 1024;
const FILES = 200;

type Counting = ReadonlyMap<string, string>;

/** Of equal names the file of the later directory counts. */
function filesThatCount(directories: readonly string[], looks: Looks): Counting {
  const files = new Map<string, string>();
  for (const directory of directories) {
    const names = namesIn(directory, looks);
    for (const name of names) files.set(name, join(directory, name));
  }
  return files;
}

function namesIn(directory: string, looks: Looks): readonly string[] {
  try {
    const names = readdirSync(directory).filter(isHookFile);
    looks.names(directory, names);
    return names;
  } catch (error) {
    // Not there, or not for us.
    if (!['ENOENT', 'EACCES'].includes(codeOf(error))) looks.cannot();
    looks.names(directory, null);
    return [];
  }
}

/** Its text; null: it is no file of hooks.d. */
function textOf(file: string, looks: Looks): string | null {
  try {
    const stat = statSync(file);
    if (stat.isFile() && stat.size <= LARGEST) {
      const text = readFileSync(file, 'utf8');
      looks.text(file, text);
      // A name would not be seen in it (spec/reuse.ts).
      if (text.includes('\\u')) looks.cannot();
      return text;
    }
  } catch {
    // Gone, or not for us.
  }
  looks.cannot();
  return null;
}

function read(file: string, looks: Looks): unknown {
  const text = textOf(file, looks);
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

const keyOf = (kind: unknown, path: unknown, args: readonly unknown[]): string =>
  JSON.stringify([kind, path, args]);

/** Program, arguments and stage of what the file defines. */
function keysOf(file: string, looks: Looks): readonly string[] {
  const value = read(file, looks);
  if (!isRecord(value) || !isRecord(value.hook) || !Array.isArray(value.stages)) return [];
  const { path, args } = value.hook;
  const given: readonly unknown[] = Array.isArray(args) && args.length > 0 ? args : [path];
  const { stages } = value;
  return hookKinds.filter(kind => stages.includes(kind)).map(kind => keyOf(kind, path, given));
}

/** By the place of the hook in config.json. Each file stands for one hook of a stage, in the order of the names: that is how they were written. */
export function hookFiles(
  hooks: NormalHooks,
  looks: Looks,
  directories: readonly string[] = DIRECTORIES,
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  if (hookKinds.every(kind => hooks[kind].length === 0)) return found;
  const files = new Map<string, string[]>();
  for (const [, file] of [...filesThatCount(directories, looks)].sort().slice(0, FILES))
    for (const key of keysOf(file, looks)) {
      const those = files.get(key);
      if (those === undefined) files.set(key, [file]);
      else those.push(file);
    }
  if (files.size > 0)
    for (const kind of hookKinds)
      for (const [at, { path, args }] of hooks[kind].entries()) {
        const file = files.get(keyOf(kind, path, args))?.shift();
        if (file !== undefined) found.set(`hooks.${kind}[${at}]`, file);
      }
  return found;
}
