import type { Catalog } from './catalog.js';

const type = ['pid', 'network', 'mount', 'ipc', 'uts', 'user', 'cgroup', 'time'] as const;

export const namespaces = {
  'open-namespace': { type, path: 'text' },
  'join-namespace': { type, path: 'text' },
  /** Those that clone3(2) does not make. */
  'make-namespace': { type },
  /** `clocks`: name, seconds and nanoseconds of each. */
  'set-clocks': { clocks: 'texts' },
  /** Of the children, by the process itself. */
  'enter-time': {},
  'raise-loopback': {},
  /** Sockets on both sides. */
  'reach-network': {},
  'move-net-device': { device: 'text' },
  /** Name, addresses and state. */
  'set-up-net-device': { device: 'text', name: 'text' },
  /** Lines of uid_map and gid_map: id inside, id outside, how many. */
  /** `denies`: setgroups(2). */
  'map-ids': { uids: 'texts', gids: 'texts', denies: 'flag?' },
  /** By newuidmap(1) or newgidmap(1): `lines` as above. */
  'ask-map-helper': { path: 'text', lines: 'texts' },
  /** In its own process. */
  'execute-map-helper': {},
  /** `uid`: root is nobody there. */
  'become-mapped-root': { uid: 'number?' },
  /** So that the caller, who is not root, can write the maps of init: until then it holds nothing that its other processes may not see. */
  'let-maps-be-written': {},
  'close-maps': {},
  'open-to-caller': {},
  /** A user namespace for mounts that show other owners. */
  'make-id-map': { uids: 'texts', gids: 'texts' },
  'hold-id-map': {},
  'begin-as-door': {},
  'start-init-behind-door': {},
} as const satisfies Catalog;
