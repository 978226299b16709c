/** Programs of `create` and `run` that are used again lie beside the containers (spec/reuse.ts). */
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AGAIN_DIRECTORY } from '../../spec/reuse.js';

/** Each start of this state root is compiled: a file in the place of the directory switches it off. */
export const compileEach = (root: string): void =>
  writeFileSync(join(root, AGAIN_DIRECTORY), '', { mode: 0o600 });

/** None was left, and the next may be. */
export const forgetStarts = (root: string): void =>
  rmSync(join(root, AGAIN_DIRECTORY), { recursive: true, force: true });

export const leftStarts = (root: string): readonly string[] => {
  try {
    return readdirSync(join(root, AGAIN_DIRECTORY));
  } catch {
    return [];
  }
};

/** What else is in the state root. */
export const besideStarts = (root: string): readonly string[] =>
  readdirSync(root).filter(name => name !== AGAIN_DIRECTORY);
