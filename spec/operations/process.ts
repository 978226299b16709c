import type { Catalog } from './catalog.js';

export const process = {
  'open-channel': { to: ['init', 'process'] },
  /** The host waits for `who`, init or the process of exec. */
  'await-message': { who: ['init', 'process'] },
  /** And tells it to go on. */
  tell: { what: ['run-hooks', 'go-on-after-hooks', 'open-gate', 'use-terminal'] },
  'await-host': { what: ['record', 'hooks', 'window-size'] },
  'await-execve': {},
  'hold-signals': {},
  'receive-terminal': {},
} as const satisfies Catalog;
