import type { container as catalog } from '../../../spec/operations/container.js';
import type { Template } from '../../program/operand.js';
import { errno, type Shown, type WordsOf } from './words-of.js';

export const MANAGER_NOT_TOLD =
  'nobody is told that the container is ready: NOTIFY_SOCKET names a socket that does not take it';

export const DELETED_WHILE_CREATED = 'the container was deleted while it was being created';

export const idExists = (id: Shown): Template => ['container `', id, '` exists already'];

export const container: WordsOf<typeof catalog> = {
  'need-kernel': {
    title: o => `need Linux ${o.major}.${o.minor} or newer`,
    message: o => [`the kernel is older than Linux ${o.major}.${o.minor}`],
  },
  'open-state-root': {
    title: () => 'open the state root',
    fails: (_o, root) => ['open state root ', root],
  },
  'check-state-root-owner': {
    title: () => 'check that only root can have written to it',
    message: (_o, root, uid, mode) => [
      'refuses the state root ',
      root,
      ': owner ',
      uid,
      ', mode ',
      mode,
      '; only root or the caller may own it, and nobody else write to it',
    ],
  },
  'check-id-is-new': { title: () => 'check that the id is new', message: (_o, id) => idExists(id) },
  'make-state-directory': {
    title: () => 'make the state directory',
    message: (_o, id) => ['make container `', id, '`: ', errno],
  },
  'lock-state-directory': {
    title: () => 'lock the state directory',
    message: (_o, id) => ['lock container `', id, '`: ', errno],
  },
  'let-others-in': { title: () => 'let other commands in while hooks are at work' },
  'lock-again': { title: () => 'lock the state directory again' },
  'store-programs': { title: () => 'store the programs of the container' },
  'record-init': { title: () => 'record init in state.json' },
  'make-resctrl-group': { title: o => `make resctrl group ${o.path}` },
  'open-resctrl-group': { title: o => `open resctrl group ${o.path}` },
  'set-schemata': {
    title: o => `set ${o.lines.join(' ')} of resctrl group ${o.path}`,
    message: o => [
      `set ${o.lines.join(' ')} of resctrl group ${o.path}: `,
      errno,
      ' (info/last_cmd_status in resctrl says why)',
    ],
  },
  'remove-resctrl-group': { title: () => 'remove the resctrl group, if it is the container’s' },
  'enter-resctrl-group': { title: o => `enter resctrl group ${o.path}` },
  'make-notify-socket': { title: () => 'make a socket on which the container says that it is ready' },
  'await-readiness': { title: () => 'wait until the container says that it is ready, and pass it on' },
  'make-gate': { title: () => 'make the start gate' },
  'remove-gate': { title: () => 'remove the start gate' },
  'keep-descriptors-out': {
    title: () => 'keep other descriptors out of the container',
    fails: (_o, descriptor) => ['keep descriptor ', descriptor, ' (--preserve-fds)'],
  },
  'close-host-descriptors': { title: () => 'close descriptors that lead to the host' },
  'write-pid-file': {
    title: () => 'write the pid file',
    fails: (_o, path) => ['write pid file ', path],
  },
  'send-pidfd': {
    title: () => 'send a pidfd to the caller',
    message: (o, socket) => ['send a pidfd to the socket ', o.socket ?? socket, ': ', errno],
  },
};
