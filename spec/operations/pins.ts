import type { Catalog } from './catalog.js';

/** What `tree` and `skeleton` do: mount namespaces that are made and kept, and the root of all trees. `pin`: a generation, `debian12@7`. */
export const pins = {
  'enter-host': {},
  'lock-pins': { directory: 'text' },
  'open-pins': { directory: 'text' },
  'drop-empty-pins': { directory: 'text' },

  'take-number': { pin: 'text' },
  'make-pin-file': { pin: 'text' },
  pin: { pin: 'text', path: 'text' },
  'record-pin': { pin: 'text' },
  'publish-pin': { pin: 'text' },
  'end-maker': {},
  unpin: { pin: 'text' },
  'drop-stale-pin': { pin: 'text' },
  'clear-unfinished-pin': { pin: 'text' },
  'drop-older-pins': { pins: 'texts' },

  /** The maker's own. */
  'begin-maker': {},
  'pivot-to-view': {},
  'write-down-mounts': {},
  'await-pin': {},
  'open-tree': { path: 'text' },
  'use-tree-as-root': {},
  /** `at`: inside, if that is another path. Part of the host: a directory or file, a tree, or the directory that holds trees. */
  'show-share': { what: ['host', 'tree', 'trees'], path: 'text', at: 'text?', readonly: 'flag' },

  'stage-skeleton': {},
  'place-skeleton': { path: 'text' },
  'open-skeleton': { path: 'text' },
  'record-skeleton': { path: 'text' },
  'remove-skeleton': { path: 'text' },
  'forget-skeleton': {},
  /** `path`: what the module is told; none: it is to let go of what it was told before. */
  'tell-module': { path: 'text?', parameter: 'text' },
  'let-go-of-mount': { path: 'text' },
  'copy-skeleton-mount': {},
  'close-skeleton-copy': {},
  'make-skeleton-directory': { path: 'text' },
  'make-skeleton-link': { path: 'text', target: 'text' },
  'remove-skeleton-link': { path: 'text' },
  /** A link becomes a directory: made aside, then exchanged. */
  'make-link-directory': { path: 'text' },
  'exchange-link': { path: 'text' },
  'alter-mount': { path: 'text' },
  'mount-anew': { path: 'text' },
  'altered-mount': { path: 'text' },

  'hold-closed-records': { records: 'texts' },
  'print-holders': { pids: 'numbers' },
  'await-holder': { pid: 'number' },
  'look-for-holders': {},
  /** The last words of a command that succeeded. */
  'print-result': { line: 'text' },
} as const satisfies Catalog;
