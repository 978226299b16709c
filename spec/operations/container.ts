import type { Catalog } from './catalog.js';

/** What is written down of a container, and what the caller named. */
export const container = {
  /** As two numbers, so that a site can compare them. */
  'need-kernel': { major: 'number', minor: 'number' },
  'open-state-root': {},
  'check-state-root-owner': {},
  'check-id-is-new': {},
  'make-state-directory': {},
  'lock-state-directory': {},
  /** While hooks are at work the lock is given up; afterwards it is taken again. */
  'let-others-in': {},
  'lock-again': {},
  'store-programs': {},
  'record-init': {},
  'make-gate': {},
  'remove-gate': {},
  'keep-descriptors-out': {},
  'close-host-descriptors': {},
  'write-pid-file': {},
  /** `socket`: what the annotation names; the option's is known only at run time. */
  'send-pidfd': { socket: 'text?' },
} as const satisfies Catalog;
