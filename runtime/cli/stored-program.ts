import type { Entry } from '../../spec/commands.js';
import type { Values } from '../engine/wire.js';
import { ending } from './ending.js';
import { failed, type Invocation, type Outcome } from './invocation.js';

/**
 * Run an entry of the program that create stored. The front door does this without us when it understands the whole command line; here it is
 * for spellings that only the full argument reader knows (`-ad`, `--force=1`, a relative --root). It is always the front door that opens the program. Where
 * it can run none, the commands that end a container are compiled anew; `start` is not, because the gate belongs to the version that made it.
 */
export function storedProgram(invocation: Invocation, entry: Entry, values: Values): Outcome {
  if (!invocation.request.unusable) return { kind: 'stored', entry, values };
  if (entry === 'start') return failed({ kind: 'other-version', id: invocation.line.operands[0] ?? '' });
  return ending(invocation, entry, values);
}
