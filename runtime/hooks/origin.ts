/**
 * Which files of hooks.d the hooks of a config.json may come from: Podman and CRI-O write them there and do not say. Read by each launch that has hooks, so
 * that its failures can name them: without schema and patterns, and nothing that is wrong ends a launch.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isRecord } from '../../spec/is-record.js';
import { hookKinds, type NormalHooks } from '../../spec/normal-config.js';
import { DIRECTORIES, isHookFile } from './places.js';

/** A file that is larger is no file of hooks.d; nor do that many help anybody. */
const LARGEST = 64 * 1024;
const FILES = 200;

type Counting = ReadonlyMap<string, string>;

/** Of equal names the file of the later directory counts. */
function filesThatCount(directories: readonly string[]): Counting {
  const files = new Map<string, string>();
  for (const directory of directories) {
    try {
      for (const name of readdirSync(directory)) if (isHookFile(name)) files.set(name, join(directory, name));
    } catch {
      // Not there, or not for us.
    }
  }
  return files;
}

function read(file: string): unknown {
  try {
    const stat = statSync(file);
    return stat.isFile() && stat.size <= LARGEST ? JSON.parse(readFileSync(file, 'utf8')) : null;
  } catch {
    return null;
  }
}

const keyOf = (kind: unknown, path: unknown, args: readonly unknown[]): string =>
  JSON.stringify([kind, path, args]);

/** Program, arguments and stage of what the file defines. */
function keysOf(file: string): readonly string[] {
  const value = read(file);
  if (!isRecord(value) || !isRecord(value.hook) || !Array.isArray(value.stages)) return [];
  const { path, args } = value.hook;
  const given: readonly unknown[] = Array.isArray(args) && args.length > 0 ? args : [path];
  return value.stages.map(kind => keyOf(kind, path, given));
}

/** By the place of the hook in config.json. Each file stands for one hook of a stage, in the order of the names: that is how they were written. */
export function hookFiles(
  hooks: NormalHooks,
  directories: readonly string[] = DIRECTORIES,
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  if (hookKinds.every(kind => hooks[kind].length === 0)) return found;
  const files = new Map<string, string[]>();
  for (const [, file] of [...filesThatCount(directories)].sort().slice(0, FILES))
    for (const key of keysOf(file)) files.set(key, [...(files.get(key) ?? []), file]);
  if (files.size > 0)
    for (const kind of hookKinds)
      for (const [at, { path, args }] of hooks[kind].entries()) {
        const file = files.get(keyOf(kind, path, args))?.shift();
        if (file !== undefined) found.set(`hooks.${kind}[${at}]`, file);
      }
  return found;
}
