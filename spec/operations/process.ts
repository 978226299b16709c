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
  'start-session': {},
  'join-keyring': {},
  'reset-signals': {},
  /** `ifAllowed`: in a user namespace, where a lower one than that of the caller is refused. */
  'set-oom-score': { score: 'number', ifAllowed: 'flag?' },
  /** Without a list: on all that the cgroup of the container has. */
  'run-on-cpus': { cpus: 'text?' },
  'set-scheduler': {
    policy: 'text',
    flags: 'texts',
    nice: 'number',
    priority: 'number',
    runtime: 'integer',
    deadline: 'integer',
    period: 'integer',
  },
  'set-io-priority': { class: 'text', priority: 'number' },
  'set-personality': { domain: 'text' },
  'set-memory-policy': { mode: 'text', nodes: 'text?', flags: 'texts' },
  /** The devices of the container in the place of those of the host, on the standard streams. */
  'own-devices': {},
  'own-streams': { uid: 'number' },
  'set-umask': { mode: 'number' },
  'look-up-home': { uid: 'number' },
  /** With all rights, if that is possible. */
  'change-directory': { path: 'text' },
  /** With those of the user, and it must lie in the root of the container. */
  'check-directory': { path: 'text' },
  /** `bounding`: those that stay in the bounding set; `dropped`: how many others the kernel has. */
  'drop-capabilities': { bounding: 'texts', dropped: 'number' },
  /** `held`: besides, up to execve(2) only. */
  'keep-capabilities': {
    permitted: 'texts',
    effective: 'texts',
    inheritable: 'texts',
    ambient: 'texts',
    held: 'texts',
  },
  /** The supplementary ones of the caller. */
  'drop-groups': {},
  'become-user': { uid: 'number', gid: 'number', groups: 'numbers', keepsGroups: 'flag' },
  /** Raises the hard limit alone, while there are rights for it. */
  'reserve-limit': { type: 'text', hard: 'integer' },
  'set-limit': { type: 'text', soft: 'integer', hard: 'integer' },
  'set-no-new-privileges': {},
  /** In the directories of `path`, unless it has a slash. */
  'find-executable': { file: 'text', path: 'text' },
  'check-executable': { file: 'text' },
  'announce-execve': {},
  'load-seccomp-filter': { instructions: 'number', flags: 'texts' },
  /** Init, under its filter: the descriptor by which an agent answers. */
  'give-listener': {},
  'send-listener': { socket: 'text' },
  execute: { args: 'texts' },
  'check-interpreter': { file: 'text' },
} as const satisfies Catalog;
