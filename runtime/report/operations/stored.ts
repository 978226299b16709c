import type { stored as catalog } from '../../../spec/operations/stored.js';
import type { Template } from '../../program/operand.js';
import { errno, type Shown, type WordsOf } from './words-of.js';

/** What containerd and CRI-O look for. */
const NOT_RUNNING = 'container not running';

export const FROZEN_WHILE_STARTED =
  'the container was frozen while it was being started; its command begins once it is thawed';
export const STOPPED_WHILE_STARTED =
  'somebody stopped init (SIGSTOP) while it was being started; its command begins once it is continued';

/** A sentence about it. */
const container = (id: Shown, predicate: string): Template => ['container `', id, `\` ${predicate}`];

/** What could not be done, and the errno that says why. */
const cannot = (verb: string, id: Shown): Template => [`${verb} \``, id, '`: ', errno];

const checked = {
  start: 'check that it is created',
  pause: 'check that it runs',
  resume: 'check that it is paused',
  kill: 'check that it runs',
  delete: 'check that it is stopped, or --force',
  update: 'check that it has not ended',
  checkpoint: 'check that it runs',
};

const unfit = {
  start: `cannot be started: it is not in the state created (${NOT_RUNNING} or running already)`,
  pause: `cannot be paused: ${NOT_RUNNING}`,
  resume: 'is not paused',
  delete: 'is not stopped (use --force to kill it)',
  update: `cannot be updated: ${NOT_RUNNING}`,
  checkpoint: `cannot be saved: ${NOT_RUNNING}`,
};

const paused = {
  start: 'cannot be started: it is paused; resume it first',
  pause: 'is paused already',
};

export const stored: WordsOf<typeof catalog> = {
  'open-container': {
    title: () => 'open the state directory',
    message: (_o, id) => ['container `', id, '` does not exist: ', errno],
  },
  'lock-container': {
    title: () => 'lock the state directory',
    message: (_o, id) => container(id, 'is busy: another command has held its lock for 10 s'),
  },
  'find-status': {
    title: () => 'find out the status',
    message: (_o, id) => [
      'read the state of container `',
      id,
      '`: ',
      errno,
      ' (state.json; `delete --force` removes the container)',
    ],
  },
  'check-status': {
    title: o => checked[o.for],
    message: (o, id) =>
      o.for === 'kill' ? ['container `', id, `\`: ${NOT_RUNNING}`] : container(id, unfit[o.for]),
  },
  'refuse-paused': {
    title: () => 'check that it is not paused',
    message: (o, id) => container(id, paused[o.for]),
  },
  'accept-missing': {
    title: () => 'accept with --force that it is not there',
    message: (_o, id) => container(id, 'does not exist'),
  },

  'check-init-is-thawed': {
    title: () => 'check that init is not frozen',
    message: (_o, id) =>
      container(
        id,
        'cannot be started: the cgroup that init is in is frozen, below that of the container or elsewhere; thaw it first',
      ),
  },
  'prepare-to-take-back': { title: () => 'prepare to take the container back' },
  'open-start-gate': {
    title: () => 'open the gate',
    message: (_o, id) => cannot('start container', id),
  },

  'send-signal': { title: () => 'send the signal', message: (_o, id) => cannot('kill container', id) },
  freeze: { title: () => 'freeze the cgroup', message: (_o, id) => cannot('pause container', id) },
  'await-frozen': {
    title: () => 'wait until all is frozen',
    message: (o, id) => [
      'pause container `',
      id,
      `\`: not all of its processes could be frozen within ${o.within} s`,
    ],
  },
  thaw: { title: () => 'thaw the cgroup', message: (_o, id) => cannot('resume container', id) },
  'await-thawed': {
    title: () => 'wait until it is thawed',
    message: (_o, id) => ['resume container `', id, '`: a cgroup above its own is frozen'],
  },
  'print-state': { title: () => 'print the state' },

  'kill-init': {
    title: () => 'kill init',
    message: (_o, id) => cannot('kill init of container', id),
  },
  'remove-cgroups': {
    title: () => 'remove the cgroups',
    message: (_o, id) => cannot('remove the cgroup of container', id),
  },
  'remove-state-directory': {
    title: () => 'remove the state directory',
    message: (_o, directory) => ['remove ', directory, ': ', errno],
  },
};
