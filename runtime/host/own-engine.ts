/**
 * How one more of what runs this is started: Node, or the compiler as one executable (`make bun`), which is a JavaScript engine for others only where it is told
 * to be.
 */
import { dirname, join } from 'node:path';

const oneFile = 'bun' in process.versions;

/** To run a program that is given with `-e`. */
export const ownEngine: { readonly path: string; readonly env: Readonly<Record<string, string>> } = {
  path: process.execPath,
  // Nothing of /tmp is taken for code, as in runtime/engine/door/compiler.c.
  env: oneFile ? { BUN_BE_BUN: '1', BUN_RUNTIME_TRANSPILER_CACHE_PATH: '0' } : {},
};

/** To run a command of ours: what stands before it. */
export const ownArguments: readonly string[] = oneFile ? [] : [process.argv[1] ?? ''];

/** What was installed with it lies here: the hooks, in a build the front door. */
export const ownDirectory: string = dirname(oneFile ? process.execPath : (process.argv[1] ?? ''));

/** What it was made of, first what the engine starts. */
export const ownFiles: readonly string[] = oneFile
  ? [process.execPath]
  : ['chos-runtime.cjs', 'chos-runtime-code.cjs', 'chos-runtime-more.cjs', 'chos-runtime-serve.cjs'].map(
      name => join(ownDirectory, name),
    );
