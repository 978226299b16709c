import type { Catalog } from './catalog.js';

/** `checkpoint` and `restore`: what CRIU is told, and what is done around it. */
export const criu = {
  /** `checkpoint` was compiled for the process of this pid. */
  'check-init': { pid: 'number' },
  'open-image-directory': { path: 'text' },
  'open-work-directory': { path: 'text' },
  /** What the streams of the restored process lead to, by its number. */
  'need-stream-terminal': { stream: 'number' },
  'take-over-stream': { stream: 'number' },
  'open-namespace-for-criu': { type: 'text', path: 'text' },
  'start-criu': { path: 'text' },
  'become-criu': {},
  /** Its process waits for its cgroups. */
  'await-turn-of-criu': {},
  'begin-criu': {},
  /** A mount namespace of its own. */
  'enter-mounts-of-criu': {},
  /** On itself: CRIU wants a mount for the root and for what it binds. */
  'mount-for-criu': { path: 'text' },
  'make-missing-mount-point': { path: 'text' },
  'leave-mounts-of-criu': {},
  'execute-criu': { path: 'text' },
  'ask-criu': { task: ['checkpoint', 'restore'] },
  'await-criu': { for: 'text' },
  'let-criu-go-on': {},
  'end-criu': {},
  'hold-restored': {},
  'record-streams': { path: 'text' },
  'await-end-of-saved': {},
} as const satisfies Catalog;
