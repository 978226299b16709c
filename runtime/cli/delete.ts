import { rmSync } from 'node:fs';
import { readState } from '../state/read-state.js';
import { containerId } from './container-id.js';
import { done, failed, type Invocation, type Outcome } from './invocation.js';
import { givenValues } from './launch-values.js';
import { storedProgram } from './stored-program.js';

/**
 * `delete` of what has no program: unknown, or killed before create had made anything outside the directory (the program is stored first, design.md
 * section 4, crash order). Podman deletes with --force after every failed create and expects exit code 0.
 */
export function deleteContainer(invocation: Invocation): Outcome {
  const named = containerId(invocation);
  if (named.kind === 'failure') return failed(named.failure);
  const id = named.value;
  const directory = `${invocation.root}/${id}`;
  const force = invocation.line.options.flags.has('force');
  const read = readState(invocation.root, id);
  if (read.kind === 'absent') return force ? done('') : failed({ kind: 'no-container', id });
  if (read.kind === 'not-ours') {
    return failed({ kind: 'bad-state', id, file: directory, why: 'not-ours' });
  }
  const hasProgram = read.kind !== 'half-created' || read.durable;
  if (hasProgram) return storedProgram(invocation, 'delete', givenValues(invocation));
  if (!force) return failed({ kind: 'half-created', id, verb: 'delete' });
  rmSync(directory, { recursive: true, force: true });
  return done('');
}
