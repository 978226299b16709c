/**
 * start, kill, pause and resume come here only if ROOT/ID holds no program that the front door could run, or if the command line was wrong: the
 * words for that.
 */
import { KILL_SIGNAL } from '../../spec/signals.js';
import { findContainer } from './find-container.js';
import { failed, type Invocation, type Outcome } from './invocation.js';
import { givenValues } from './launch-values.js';
import { eachMatching } from './matching.js';
import { parseSignal } from './signal.js';
import { storedProgram } from './stored-program.js';

function serve(invocation: Invocation, verb: string, entry: 'start' | 'kill' | 'pause' | 'resume'): Outcome {
  const found = findContainer(invocation, verb);
  if (found.kind === 'failure') return failed(found.failure);
  return storedProgram(invocation, entry, givenValues(invocation));
}

export function start(invocation: Invocation): Outcome {
  return serve(invocation, 'start', 'start');
}

export function pause(invocation: Invocation): Outcome {
  return serve(invocation, 'pause', 'pause');
}

export function resume(invocation: Invocation): Outcome {
  return serve(invocation, 'resume', 'resume');
}

export function kill(invocation: Invocation): Outcome | Promise<Outcome> {
  const name = invocation.line.operands[1] ?? KILL_SIGNAL;
  const signal = parseSignal(name);
  if (signal === null) return failed({ kind: 'unknown-signal', signal: name });
  const { flags } = invocation.line.options;
  if (flags.has('regex'))
    return eachMatching(invocation, id => [
      'kill',
      ...(flags.has('all') ? ['--all'] : []),
      id,
      String(signal),
    ]);
  const found = findContainer(invocation, 'kill');
  if (found.kind === 'failure') return failed(found.failure);
  return storedProgram(invocation, 'kill', { ...givenValues(invocation), SIGNAL: signal });
}
