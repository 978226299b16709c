/**
 * --pidfd-socket: the caller is sent a pidfd of the process, which no other process can take over as it can a pid.
 */
import { TemplateField } from '../../../spec/instructions.js';
import { AF_UNIX, SOCK_CLOEXEC, SOCK_STREAM } from '../../../spec/kernel.js';
import type { Action, Because } from '../../program/action.js';
import { buffer, field, slot, struct, text, u32 } from '../../program/operand.js';
import { format, send, store, sys } from '../../program/step.js';
import { operation } from '../idioms/operation.js';
import { pidfdReceiver } from '../launch/annotations.js';
import { type ProcessLaunch, rule } from '../launch/launch.js';

/** What runc writes beside the descriptor (runc 1.2, --pidfd-socket): which of its two ways the process was started. */
const payload = { launch: 'standard', exec: 'setns' } as const;

interface Receiver {
  /** An annotation names it; the option's is in its cell. */
  readonly socket?: string;
  readonly payload: string;
  readonly because: Because;
}

/** --pidfd-socket. */
export function sendPidfd(launch: ProcessLaunch, kind: keyof typeof payload): Action {
  return sendTo(launch, { payload: payload[kind], because: rule('--pidfd-socket') });
}

/** The annotation that crun had before the option; it sends a blank beside the descriptor. */
export function sendToReceiver(launch: ProcessLaunch): readonly Action[] {
  const socket = pidfdReceiver(launch.config);
  const because = launch.because('annotations', 'run.oci.pidfd_receiver');
  return socket === null ? [] : [sendTo(launch, { socket, payload: ' ', because })];
}

/**
 * Connect to the socket and send the pidfd (SCM_RIGHTS, unix(7)). Only when all else has succeeded, and before the pid file: whoever has either
 * knows that the process is there. Not connected earlier, because a created container's init would hold the connection until `start`.
 */
function sendTo(launch: ProcessLaunch, { socket, payload, because }: Receiver): Action {
  const { cells } = launch;
  const given = field(TemplateField.STRING, cells.pidfdSocket);
  const fd = slot('pidfd_socket_fd', -1);
  const fds = struct('pidfd_fds', [u32(0), u32(0)]);
  // struct sockaddr_un: u16 family, 108 bytes of path; the family takes the place of two letters.
  const address = buffer('pidfd_sockaddr', 110);
  return operation(
    { kind: 'send-pidfd', because, ...(socket === undefined ? {} : { socket }) },
    [
      format(address, ['--', socket ?? given]),
      store('U16', address, 0, AF_UNIX),
      sys('socket', [AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0], { to: fd }),
      sys('connect', [fd, address, 110]),
      store('U32', fds, 0, cells.pidfd),
      send(fd, text(payload), payload.length, { array: fds, count: 1 }),
      sys('close', [fd]),
    ],
    { shown: [given] },
  );
}
