/**
 * --pidfd-socket: the caller is sent a pidfd of the process, which no other process can take over as it can a pid.
 */
import { TemplateField } from '../../../spec/instructions.js';
import { AF_UNIX, SOCK_CLOEXEC, SOCK_STREAM } from '../../../spec/kernel.js';
import { type Action, action, type Because, failedErrno } from '../../program/action.js';
import { buffer, field, slot, struct, type Template, text, u32 } from '../../program/operand.js';
import { format, send, store, sys } from '../../program/step.js';
import { pidfdReceiver } from '../launch/annotations.js';
import { type Launch, rule } from '../launch/launch.js';

/** What runc writes beside the descriptor (runc 1.2, --pidfd-socket): which of its two ways the process was started. */
const payload = { launch: 'standard', exec: 'setns' } as const;

interface Receiver {
  readonly path: Template[number];
  readonly payload: string;
  readonly because: Because;
}

/** --pidfd-socket. */
export function sendPidfd(launch: Launch, kind: keyof typeof payload): Action {
  const path = field(TemplateField.STRING, launch.cells.pidfdSocket);
  return sendTo(launch, { path, payload: payload[kind], because: rule('--pidfd-socket') });
}

/** The annotation that crun had before the option; it sends a blank beside the descriptor. */
export function sendToReceiver(launch: Launch): readonly Action[] {
  const path = pidfdReceiver(launch.normal);
  const because = launch.because('annotations', 'run.oci.pidfd_receiver');
  return path === null ? [] : [sendTo(launch, { path, payload: ' ', because })];
}

/**
 * Connect to the socket and send the pidfd (SCM_RIGHTS, unix(7)). Only when all else has succeeded, and before the pid file: whoever has either
 * knows that the process is there. Not connected earlier, because a created container's init would hold the connection until `start`.
 */
function sendTo(launch: Launch, { path, payload, because }: Receiver): Action {
  const { cells } = launch;
  const socket = slot('pidfd_socket_fd', -1);
  const fds = struct('pidfd_fds', [u32(0), u32(0)]);
  // struct sockaddr_un: u16 family, 108 bytes of path; the family takes the place of two letters.
  const address = buffer('pidfd_sockaddr', 110);
  return action(
    {
      title: 'send a pidfd to the caller',
      because,
      words: ['send a pidfd to the socket ', path, ': ', field(TemplateField.ERRNO, failedErrno)],
    },
    [
      format(address, ['--', path]),
      store('U16', address, 0, AF_UNIX),
      sys('socket', [AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0], { to: socket }),
      sys('connect', [socket, address, 110]),
      store('U32', fds, 0, cells.pidfd),
      send(socket, text(payload), payload.length, { array: fds, count: 1 }),
      sys('close', [socket]),
    ],
  );
}
