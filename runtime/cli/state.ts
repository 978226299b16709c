import { stateObject } from '../report/state-json.js';
import { findContainer } from './find-container.js';
import { done, failed, type Invocation, type Outcome } from './invocation.js';

/** `state` where the stored program cannot answer. */
export function state(invocation: Invocation): Outcome {
  const found = findContainer(invocation, 'read the state of');
  if (found.kind === 'failure') return failed(found.failure);
  return done(`${JSON.stringify(stateObject(found.value.state, found.value.status), null, 2)}\n`);
}
