import type { Catalog } from './catalog.js';

/** Views that are put together, entered, copied and proved (docs/architecture.md, "Back ends"). */
export const views = {
  'use-tree': { tree: 'text', chosenBy: 'text', backEnd: 'text', reason: 'text' },
  /** What it adds is among the mounts and devices. */
  'use-feature': { name: 'text', files: 'number', devices: 'number', variables: 'texts', leftOut: 'texts' },
  /** To put something in its place. */
  'open-in-tree': { path: 'text' },
  'let-go': { of: ['skeleton', 'pin', 'record', 'patch'], name: 'text?' },

  // The host and what was prepared are still what they were when the program was compiled.
  'see-host': { as: 'text' },
  'hold-skeleton': { path: 'text' },
  /** By a user, who holds nothing: before it enters, and once it is in. */
  'find-skeleton': { path: 'text' },
  'see-skeleton': { path: 'text' },
  'open-pin': { name: 'text', tree: 'text' },
  'see-tree': { path: 'text', name: 'text', tree: 'text' },
  'see-shown-tree': { path: 'text', name: 'text', tree: 'text' },
  'see-link': { target: 'text', tree: 'text', skeleton: 'text' },

  // Ways in.
  'set-link': { target: 'text' },
  'find-link': { target: 'text' },
  /** `stays`: in the view that all share, without a mount. */
  'enter-pin': { name: 'text', stays: 'flag' },
  'change-root': { path: 'text' },
  'enter-container': {},
  /** Of what others see, by name if it has one. With `why` come the number of the mount, the propagation or the path that it is about. */
  'copy-view': {
    of: 'text?',
    why: [
      'mount-namespace',
      'mount-remains',
      'masked-paths',
      'readonly-paths',
      'devices',
      'readonly-root',
      'propagation',
      'sys-admin',
      'sys-chroot',
      'late-mount',
    ],
    mount: 'number?',
    propagation: 'text?',
    path: 'text?',
  },
  'look-around': { path: 'text' },
  'return-to-host': {},
  'go-to-root': {},

  // By `chos`, in the process itself. `path`: of the skeleton.
  'find-entered': { path: 'text', tree: 'text' },
  'move-to-skeleton': { target: 'text', tree: 'text' },
  'see-entered': { path: 'text', tree: 'text' },
  'see-entered-tree': { target: 'text', tree: 'text' },
  'see-entered-file': { path: 'text', tree: 'text' },
  /** A mount namespace, and for who is not root a user namespace around it. */
  'separate-view': { tree: 'text' },
  'enter-view': { tree: 'text' },
  'go-on-inside': {},

  // In a copy.
  'unseal-skeleton': {},
  'reseal-skeleton': {},
  'make-tree-readonly': {},
  /** A mount that came later, with these attributes of mount_setattr(2). */
  restrict: { path: 'text', attributes: 'number' },

  // Elision.
  /** An entry of `mounts` that the view shows already: slave of the peer group of its source, or the procfs of the host. */
  'leave-out': { destination: 'text', shown: ['share', 'procfs'], peerGroup: 'number?' },
  /** That all is as it was when this was compiled. */
  prove: {
    of: ['mounts', 'shares'],
    /** On the host, in the environment, or in a copy of that at its place in the order of mounts. */
    at: ['host', 'environment', 'place'],
    count: 'number',
    tree: 'text',
  },
} as const satisfies Catalog;
