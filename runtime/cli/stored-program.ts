import type { Entry } from '../../spec/commands.js';
import type { Values } from '../engine/wire.js';
import { failed, type Invocation, type Outcome } from './invocation.js';
import { readInput } from './read-input.js';

/**
 * Run an entry of the program that create stored. The front door does this without us when it understands the whole command line; here it is
 * for spellings that only the full argument reader knows (`-ad`, `--force=true`).
 */
export function storedProgram(invocation: Invocation, entry: Entry, values: Values): Outcome {
  const path = `${invocation.root}/${invocation.line.operands[0] ?? ''}/program`;
  const image = readInput(path, path);
  if (image.kind === 'failure') return failed(image.failure);
  return { kind: 'launch', entry, image: image.value, values };
}
