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
  /** In resctrl; ID stands for the id of the container, which is known when it runs. */
  'make-resctrl-group': { path: 'text' },
  'open-resctrl-group': { path: 'text' },
  'set-schemata': { path: 'text', lines: 'texts' },
  'enter-resctrl-group': { path: 'text' },
  'remove-resctrl-group': {},
  /** The caller's NOTIFY_SOCKET in the container, and READY=1 from there to the caller's. */
  'make-notify-socket': {},
  'await-readiness': {},
  'make-gate': {},
  'remove-gate': {},
  'keep-descriptors-out': {},
  'close-host-descriptors': {},
  'write-pid-file': {},
  /** `socket`: what the annotation names; the option's is known only at run time. */
  'send-pidfd': { socket: 'text?' },
} as const satisfies Catalog;
