import { hookKinds as hook } from '../normal-config.js';
import type { Catalog } from './catalog.js';

export const hooks = {
  /** The state that they read, and what they write to. */
  'describe-to-hooks': { hook },
  /** `timeout`: seconds. */
  'run-hook': { hook, index: 'number', path: 'text', timeout: 'number?' },
  /** In a process of its own. */
  'become-hook': { hook, path: 'text' },
  'enter-bundle': { path: 'text' },
  'execute-hook': { hook, path: 'text', args: 'texts' },
  'open-hook-output': {},
} as const satisfies Catalog;
