/**
 * Run at build time: `node warm-up.cjs CODE CACHE`. Loads the code, has it answer create, run and exec for made-up containers, and writes what V8
 * compiled on the way to the cache that load.ts loads. Nothing is started: answers are thrown away.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { Script } from 'node:vm';
import { exercise } from './exercise.js';
import type * as Main from './main.js';

/** Of the name at the end of the code, as in load.ts. */
const NAME_LENGTH = 64;

async function warmUp(codePath: string, cachePath: string): Promise<void> {
  const code = readFileSync(codePath, 'latin1');
  const script = new Script(code, { filename: codePath });
  const module_: { exports: Partial<typeof Main> } = { exports: {} };
  script.runInThisContext()(module_.exports, require, module_);
  if (module_.exports.answer !== undefined) await exercise(module_.exports.answer, tmpdir(), 1);
  writeFileSync(
    cachePath,
    Buffer.concat([Buffer.from(code.slice(-NAME_LENGTH), 'latin1'), script.createCachedData()]),
  );
}

const [codePath = '', cachePath = ''] = process.argv.slice(2);
void warmUp(codePath, cachePath);
