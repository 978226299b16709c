import type { Catalog } from './catalog.js';

/** `options`: as config.json has them, without those that only say that it is a bind. */
const options = 'texts';

/** From a directory of the host to "/" of the container. */
export const root = {
  // The root itself.
  /** What is mounted from here on does not reach the host. */
  'separate-mounts': { propagation: 'text' },
  'mount-root': { path: 'text' },
  /** While init has the ids that may. */
  'find-root': { path: 'text' },
  /** Without a mount namespace. */
  'open-root': { path: 'text' },
  'make-working-directory': { path: 'text' },
  'make-root-readonly': {},
  pivot: {},
  /** --no-pivot: of the host. */
  'unmount-host': { path: 'text' },
  'move-root': {},
  chroot: {},
  /** `cutsOff`: nothing comes from the host any more. */
  'propagate-root': { propagation: 'text', cutsOff: 'flag?' },

  // `mounts`.
  bind: { source: 'text', destination: 'text', recursive: 'flag', options },
  /** `otherwise`: what of the host is bound where a user namespace may not mount it; `without`: options with ids that are not mapped. */
  mount: {
    type: 'text',
    source: 'text',
    destination: 'text',
    options,
    otherwise: 'text?',
    without: 'texts?',
  },
  /** The container's own cgroups; none: there are none. */
  'mount-cgroups': { destination: 'text', shown: 'texts', options },
  /** Of a mount that is there. */
  remount: {
    bind: 'flag',
    type: 'text',
    source: 'text',
    destination: 'text',
    recursive: 'flag',
    options,
  },
  /** Before the namespace is cut off from the host's: what is mounted below the copy reaches the host. */
  'copy-shared': { source: 'text', destination: 'text' },
  /** By the ids of whoever starts it: root of the container may not reach it. */
  'enter-mounts-of-init': {},
  'leave-mounts-of-init': {},
  'give-sources': { count: 'number' },
  'take-sources': { count: 'number' },
  'open-source': { source: 'text', destination: 'text' },
  /** Read-only at last: what had to be filled before. */
  'seal-mount': { destination: 'text' },

  // Devices.
  'open-dev': {},
  device: {
    path: 'text',
    type: ['c', 'b', 'p'],
    major: 'number',
    minor: 'number',
    mode: 'number',
    uid: 'number',
    gid: 'number',
  },
  /** The host's, because in a user namespace none can be made. */
  'bind-device': { path: 'text', type: ['c', 'b', 'p'], major: 'number', minor: 'number' },
  /** In a /dev that is somebody else's it has to be there: one that config.json binds, or the host's. */
  'check-device': {
    path: 'text',
    type: ['c', 'b', 'p'],
    major: 'number',
    minor: 'number',
    in: 'text',
    of: ['config', 'host'],
  },
  'link-devices': { names: 'texts' },

  // What is covered.
  /** For what lies below. */
  'open-kernel-directory': { path: ['/proc', '/sys'] },
  'open-null': {},
  'let-go-of-null': {},
  mask: { path: 'text' },
  'make-readonly': { path: 'text' },

  // The terminal.
  'connect-console': {},
  'need-terminal': {},
  'open-terminal': { rows: 'number?', columns: 'number?' },
  'bind-console': {},
  'send-terminal': { to: ['console-socket', 'foreground'] },
  'take-terminal': { owner: 'number' },

  // What is written once the namespaces are there.
  'set-name': { property: ['hostname', 'domainname'], value: 'text' },
  'open-procfs': {},
  sysctl: { name: 'text', value: 'text' },
  'use-label': { of: ['AppArmor', 'SELinux'], label: 'text' },

  // A root in the place of the tree's (runtime/compile/root/tree-skeleton.ts).
  'make-skeleton': { at: 'text?' },
  'make-link': { path: 'text', target: 'text' },
  'make-mount-point': { path: 'text', type: ['directory', 'file'] },
  'bind-tree': { path: 'text', readonly: 'flag' },
  'seal-skeleton': {},
} as const satisfies Catalog;
