/**
 * SCMP_ACT_NOTIFY (config-linux.md, "Seccomp"): whoever loads such a filter gets a descriptor by which another process answers the calls. It goes to the socket
 * `listenerPath`, with the state of the container. Init cannot reach that path, and does not know its own pid: so the command that opened the gate takes the
 * descriptor out of init and sends it. Init waits meanwhile, because nothing may run before there is somebody who answers.
 */

import { TemplateField } from '../../../spec/instructions.js';
import type { Action, Because } from '../../program/action.js';
import { when } from '../../program/control.js';
import {
  buffer,
  field,
  type Slot,
  slot,
  struct,
  type Template,
  templateBound,
  u32,
} from '../../program/operand.js';
import { exit, format, type Line, send, store, sys } from '../../program/step.js';
import { ociState, type StateOf } from '../idioms/oci-state.js';
import { operation } from '../idioms/operation.js';
import { connectWithin } from '../idioms/unix-socket.js';
import { rawFilter, seccompReceiver } from './annotations.js';
import { rule, type Subject } from './launch.js';

export interface Listener {
  /** Of the socket; null: nobody has said where it is. */
  readonly socket: string | null;
  readonly metadata: string;
  readonly because: Because;
}

/** Null: no call is notified of. */
export function listenerOf({ config, because }: Pick<Subject, 'config' | 'because'>): Listener | null {
  const { seccomp } = config.linux;
  if (seccomp === null || rawFilter(config) !== null) return null;
  const notified = seccomp.syscalls?.findIndex(({ action }) => action === 'SCMP_ACT_NOTIFY') ?? -1;
  if (notified < 0) return null;
  const { listenerPath: path = '', listenerMetadata: metadata = '' } = seccomp;
  const receiver = path === '' ? seccompReceiver(config) : null;
  return {
    socket: path || receiver,
    metadata,
    because:
      path !== ''
        ? because('linux', 'seccomp', 'listenerPath')
        : receiver !== null
          ? because('annotations', 'run.oci.seccomp.receiver')
          : because('linux', 'seccomp', 'syscalls', notified, 'action'),
  };
}

/** What init writes in the place of words: this byte, which begins no word, and at the offset the number of its descriptor. */
export const HANDED_OVER = { MARK: 1, FD: 4, SIZE: 8 } as const;

/** Init, under the filter, which therefore has to allow write(2); and wait, which it may have the agent allow. */
export function giveListener(listener: Slot, to: Slot, reply: Slot): Action {
  const message = struct('listener message', [u32(HANDED_OVER.MARK), u32(0)]);
  const answer = buffer('listener answer', 8);
  const size = slot('listener_answered');
  return operation({ kind: 'give-listener', because: rule('init cannot reach its socket') }, [
    store('U32', message, HANDED_OVER.FD, listener),
    sys('write', [to, message, HANDED_OVER.SIZE]),
    sys('read', [reply, answer, 1], { to: size }),
    ...when(size, 'LE', 0, [exit(1)]),
  ]);
}

export interface Given {
  /** Of the process that has the filter. */
  readonly pid: Slot;
  readonly pidfd: Slot;
  /** The number of the descriptor there. */
  readonly fd: Slot;
  readonly container: StateOf & { readonly status: 'created' | 'running' };
}

/** "The container process state". */
function processState({ metadata }: Listener, { pid, container }: Given): Template {
  return [
    `{"ociVersion":${JSON.stringify(container.ociVersion)},"fds":["seccompFd"],"pid":`,
    field(TemplateField.DECIMAL, pid),
    `,"metadata":${JSON.stringify(metadata)},"state":`,
    ...ociState(container, container.status),
    '}',
  ];
}

/** An agent that does not take the connection, or does not read, is given up. */
const AGENT_SECONDS = 10;

/** Host: pidfd_getfd(2) and one message; the connection is closed behind it, as the specification has it. */
export function sendListener(listener: Listener, given: Given): readonly Line[] {
  const ours = slot('seccomp_listener', -1);
  const connection = slot('listener_connection', -1);
  const fds = struct('listener_fds', [u32(0), u32(0)]);
  const template = processState(listener, given);
  const state = buffer('process_state', templateBound(template));
  const size = slot('process_state_size');
  return [
    sys('pidfd_getfd', [given.pidfd, given.fd, 0], { to: ours }),
    ...connectWithin(AGENT_SECONDS, listener.socket ?? '', connection),
    format(state, template, { to: size }),
    store('U32', fds, 0, ours),
    send(connection, state, size, { array: fds, count: 1 }),
    sys('close', [connection]),
    sys('close', [ours]),
  ];
}
