import type { Catalog } from './catalog.js';

const type = ['pid', 'network', 'mount', 'ipc', 'uts', 'user', 'cgroup', 'time'] as const;

export const namespaces = {
  'open-namespace': { type, path: 'text' },
  'join-namespace': { type, path: 'text' },
  /** Those that clone3(2) does not make. */
  'make-namespace': { type },
  /** `clocks`: name, seconds and nanoseconds of each. */
  'set-clocks': { clocks: 'texts' },
  'raise-loopback': {},
} as const satisfies Catalog;
