import { failed, type Invocation, type Outcome } from './invocation.js';

/** `tree list|show|check|prepare|release`: runtime/trees is not there yet. */
export function tree(_: Invocation): Outcome {
  return failed({ kind: 'not-built', what: '`tree`' });
}
