import type { Catalog } from './catalog.js';

/** What the programs on top do themselves: tracks begin, take turns and end. */
export const launch = {
  /** A compiled program got a console socket, but its process has no terminal. */
  'refuse-console-socket': {},
  'need-terminal-receiver': {},
  /** Those that would end the command. */
  'hold-interrupts': { signals: 'texts' },
  /** clone3(2). */
  'start-init': { namespaces: 'texts' },
  'begin-as-init': {},
  'learn-host-pid': {},
  'clear-umask': {},
  'let-init-go-on': {},
  'tell-ready': {},
  'wait-at-gate': {},
  'unlock-for-hooks': {},
  'stay-in-foreground': {},
  end: {},
  'find-as-before': { pid: 'number' },
  'find-container': { pid: 'number', id: 'text' },
  'enter-pid-namespace': {},
  'start-process': {},
  'begin-as-process': {},
  'open-container-root': {},

  /** `spec`. The path as the caller wrote it. */
  'create-file': { path: 'text' },
  'refuse-existing-file': { path: 'text' },
  'write-file': { path: 'text' },
} as const satisfies Catalog;
