/**
 * What the engine's Node starts (build/chos-runtime.cjs): loads chos-runtime-code.cjs with the machine code's forerunner that V8 made of it at build
 * time (warm-up.ts). This halves what the code adds to the start of Node [M: 19 ms to 8 ms]. A cache of another Node is rejected by V8, one of
 * other code by its name here (V8 itself compares only the length); then the code is compiled as usual.
 */
import { readFileSync } from 'node:fs';
import { Script } from 'node:vm';
import type * as Main from './main.js';
import type * as Service from './service.js';

const NAME_LENGTH = 64;

/** The cache, if it was made of this code: it begins with the name with which the code ends. */
function readCache(path: string, code: string): Buffer | undefined {
  try {
    const bytes = readFileSync(path);
    return code.endsWith(bytes.toString('latin1', 0, NAME_LENGTH)) ? bytes.subarray(NAME_LENGTH) : undefined;
  } catch {
    return undefined;
  }
}

/** Loads the compiler and gives it the arguments. */
function compile(args: readonly string[]): void {
  const base = `${__dirname}/chos-runtime-code`;
  // A function expression. esbuild writes ASCII only, and Latin-1 is what V8 keeps without a conversion.
  const code = readFileSync(`${base}.cjs`, 'latin1');
  const cachedData = readCache(`${base}.cache`, code);
  const script = new Script(code, {
    filename: `${base}.cjs`,
    ...(cachedData === undefined ? {} : { cachedData }),
  });
  const module_: { exports: Partial<typeof Main> } = { exports: {} };
  script.runInThisContext()(module_.exports, require, module_);
  void module_.exports.main?.(args);
}

const args = process.argv.slice(2);
// Options may stand before it; what only looks like it, as a container's name, is for the compiler.
if (args.includes('serve')) {
  const { serveAlone } = require(`${__dirname}/chos-runtime-serve.cjs`) as typeof Service;
  void serveAlone(args).then(served => served || compile(args));
} else compile(args);
