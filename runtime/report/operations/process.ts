import type { process as catalog } from '../../../spec/operations/process.js';
import { errno, type WordsOf } from './words-of.js';

export const FROZEN_WHILE_STARTED = 'its cgroup, or one above it, was frozen while it was being started';
export const STOPPED_WHILE_STARTED = 'somebody stopped it (SIGSTOP) while it was being started';
/** Why execve(2) says of a file that is there that it is not. */
export const MISSING_INTERPRETER = 'its interpreter or dynamic linker is missing';

const told = {
  'run-hooks': 'let the host run its hooks',
  'go-on-after-hooks': 'let init go on after the hooks',
  'open-gate': 'open the start gate',
  'use-terminal': 'let the process use its terminal',
};

const awaited = {
  record: 'wait until the host has recorded this process',
  hooks: 'wait for the hooks of the host',
  'window-size': 'wait for the size of the window',
};

export const process: WordsOf<typeof catalog> = {
  'open-channel': { title: o => `open a channel to ${o.to === 'init' ? 'init' : 'the process'}` },
  'await-message': {
    title: o => `wait for ${o.who === 'init' ? 'init' : 'the process'}`,
    message: o => [
      o.who === 'init'
        ? 'init ended before the container was ready (killed?)'
        : 'the process ended before its command was executed (killed? short of memory?)',
    ],
  },
  tell: { title: o => told[o.what] },
  'await-host': { title: o => awaited[o.what] },
  'await-execve': { title: () => 'wait for execve' },
  'hold-signals': { title: () => 'hold signals back' },
  'receive-terminal': { title: () => 'receive the terminal', message: () => ['init made no terminal'] },
  'start-session': { title: () => 'start a new session' },
  'join-keyring': {
    title: () => 'join a new session keyring',
    message: () => [
      'make a session keyring: ',
      errno,
      ' (see /proc/sys/kernel/keys; --no-new-keyring keeps that of the caller)',
    ],
  },
  'reset-signals': { title: () => 'reset signals' },
  'set-oom-score': {
    title: o => `set oom_score_adj to ${o.score}${o.ifAllowed ? ', if the caller’s is not higher' : ''}`,
  },
  'run-on-cpus': {
    title: o => (o.cpus === undefined ? 'run on all CPUs of the container' : `run on CPUs ${o.cpus}`),
  },
  'set-scheduler': { title: o => `schedule as ${o.policy}` },
  'set-io-priority': { title: o => `set I/O priority ${o.class}` },
  'set-personality': { title: o => `set personality ${o.domain}` },
  'set-memory-policy': {
    title: o => `take memory by ${o.mode}${o.nodes === undefined ? '' : ` from nodes ${o.nodes}`}`,
    message: o => [
      `take memory by ${o.mode}${o.nodes === undefined ? '' : ` from nodes ${o.nodes}`}: `,
      errno,
      ' (/sys/devices/system/node/has_memory lists the nodes of the host; a cpuset may allow fewer)',
    ],
  },
  'own-devices': { title: () => 'put the devices of the container in the place of those of the host' },
  'own-streams': { title: o => `give the standard streams to uid ${o.uid}` },
  'set-umask': { title: o => `set the umask to ${o.mode.toString(8).padStart(4, '0')}` },
  'look-up-home': { title: o => `look up the home of uid ${o.uid} in /etc/passwd` },
  'change-directory': { title: o => `change directory to ${o.path}` },
  'check-directory': {
    title: o => `check that ${o.path} can be entered`,
    fails: o => [`change directory to ${o.path}`],
  },
  'drop-capabilities': { title: o => `drop ${o.dropped} capabilities from the bounding set` },
  'keep-capabilities': {
    title: o =>
      `keep ${o.permitted.length} capabilities${o.held.length > 0 ? `, and ${o.held.join()} up to execve` : ''}`,
  },
  'drop-groups': { title: () => "drop the caller's supplementary groups" },
  'become-user': { title: o => `become ${o.uid}:${o.gid}${withGroups(o)}` },
  'reserve-limit': { title: o => `allow ${o.type} up to ${o.hard}` },
  'set-limit': { title: o => `set ${o.type} to ${o.soft}:${o.hard}` },
  'set-no-new-privileges': { title: () => 'set no_new_privs' },
  'find-executable': {
    title: o => `find the executable ${o.file}`,
    message: (_, given) => ['exec `', given, '`: executable file not found in $PATH: ', errno],
    placeless: 'it says what was to be executed, as callers look for it',
  },
  // Podman takes "not found" for exit code 127, and what may not be executed must give 126: hence other words. Docker's
  // client looks for these in small letters only, as Go writes EACCES, the one errno that there can be here.
  'check-executable': {
    title: () => 'check that it may be executed',
    message: (_, given) => ['open executable `', given, '`: permission denied'],
    placeless: 'it says what was to be executed, as callers look for it',
  },
  'announce-execve': { title: () => 'say that execve comes next' },
  'load-seccomp-filter': { title: o => `load the seccomp filter (${o.instructions} instructions)` },
  'give-listener': {
    title: () => 'hand over the listener of the seccomp filter',
    message: () => [
      'hand over the listener of the seccomp filter: ',
      errno,
      ' (the profile must allow write and read for it)',
    ],
  },
  'send-listener': {
    title: o => `send the listener of the seccomp filter to the socket ${o.socket}`,
    message: o => [`send the listener of the seccomp filter to the socket ${o.socket}: `, errno],
  },
  execute: {
    title: o => `execute ${o.args.join(' ')}`,
    message: (_, given) => ['exec `', given, '`: ', errno],
    placeless: 'it says what was to be executed, as callers look for it',
  },
  'check-interpreter': {
    title: () => 'check that its interpreter exists',
    message: (_, given) => ['exec `', given, `\`: ${MISSING_INTERPRETER}: `, errno],
    placeless: 'it says what was to be executed, as callers look for it',
  },
};

function withGroups(o: { readonly groups: readonly number[]; readonly keepsGroups: boolean }): string {
  if (o.keepsGroups) return " with the caller's groups";
  return o.groups.length > 0 ? ` with groups ${o.groups.join()}` : '';
}
