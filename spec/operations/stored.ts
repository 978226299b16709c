import type { Catalog } from './catalog.js';

/** What the programs do that `create` stores: start, state, kill, pause, resume and delete of one container. */
export const stored = {
  'open-container': {},
  'lock-container': {},
  'find-status': {},
  /** Fails unless the status is one in which the command has a meaning. */
  'check-status': { for: ['start', 'pause', 'resume', 'kill', 'delete', 'update', 'checkpoint'] },
  'refuse-paused': { for: ['start', 'pause'] },
  /** `delete --force` of what is not there has nothing to do. */
  'accept-missing': {},

  'check-init-is-thawed': {},
  'prepare-to-take-back': {},
  'open-start-gate': {},

  'send-signal': {},
  freeze: {},
  'await-frozen': { within: 'number' },
  thaw: {},
  'await-thawed': {},
  'print-state': {},

  'kill-init': {},
  'remove-cgroups': {},
  'remove-state-directory': {},
} as const satisfies Catalog;
