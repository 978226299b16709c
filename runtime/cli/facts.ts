/** `facts`: what the compiler is told of this machine and caller, for `explain` and `compile` with `--facts` elsewhere. */
import { readFor } from '../host/caller.js';
import { withDelegation } from '../host/delegation.js';
import { probeHostFacts } from '../host/facts.js';
import { delegatedBy } from '../host/systemd.js';
import { factsText, type GivenFacts, parseFacts } from './facts-file.js';
import { type Attempt, absolute, done, failed, type Invocation, type Outcome, ok } from './invocation.js';
import { cgroupManager } from './launch.js';
import { readInput } from './read-input.js';
import { systemdOf } from './systemd.js';

export function facts(invocation: Invocation): Outcome {
  const manager = cgroupManager(invocation);
  if (manager.kind === 'failure') return failed(manager.failure);
  const { caller } = invocation.request;
  const probed = probeHostFacts(caller);
  return done(
    factsText(
      manager.value === 'systemd'
        ? delegatedBy(systemdOf(invocation), probed, readFor(caller))
        : withDelegation(probed, null),
    ),
  );
}

/** Those that `--facts` names; null: none, and those of this machine count. */
export function givenFacts(invocation: Invocation): Attempt<GivenFacts | null> {
  const file = invocation.line.options.texts.get('facts');
  if (file === undefined) return ok(null);
  const read = readInput(file, absolute(invocation, file));
  return read.kind === 'failure' ? read : parseFacts(file, read.value);
}
