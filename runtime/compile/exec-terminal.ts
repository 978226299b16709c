/** The terminal of `exec`: made in the container's /dev/pts, given to the socket of the caller or to the command that stays in the foreground. */
import { AT_FDCWD } from '../../spec/kernel.js';
import type { Action } from '../program/action.js';
import { type Slot, slot, struct, text, u32 } from '../program/operand.js';
import { send, store, sys } from '../program/step.js';
import { operation } from './idioms/operation.js';
import { type ProcessLaunch, rule } from './launch/launch.js';
import type { Contribution } from './launch/phases.js';
import { awaitHost, type Messages, Signal, tell } from './process/channel.js';
import { connectConsole, needTerminal, openPty, sendMaster, takeTerminal } from './root/terminal.js';

/** `console`: --console-socket was given. */
export function terminalInExec(launch: ProcessLaunch, messages: Messages, console: boolean): Contribution {
  const { process, cells } = launch;
  const socket = slot('console_socket_fd', -1);
  const connect = console ? [connectConsole(cells.consoleSocket, socket, rule('--console-socket'))] : [];
  if (!process.terminal) return { exec: { console: connect } };
  const because = launch.because('process', 'terminal');
  return {
    exec: {
      'own-terminal': console ? [] : [needTerminal(because)],
      console: connect,
      terminal: console
        ? []
        : [messages.receiveTerminal(), tell(cells.hostEnd, Signal.CONTINUE, 'use-terminal')],
    },
    process: { terminal: open(launch, console ? socket : null) },
  };
}

/** `socket`: of the caller; null: the command is given it. */
function open(launch: ProcessLaunch, socket: Slot | null): readonly Action[] {
  const { process, cells, open } = launch;
  const because = launch.because('process', 'terminal');
  const root = slot('container_root');
  const { pty, action: opening } = openPty(launch, root, process, because);
  const fds = struct('terminal_fds', [u32(0), u32(0)]);
  return [
    operation({ kind: 'open-container-root', because }, [
      sys('openat', [AT_FDCWD, text('/'), open.PATH | open.DIRECTORY | open.CLOEXEC, 0], { to: root }),
    ]),
    opening,
    ...(socket === null
      ? [
          operation({ kind: 'send-terminal', to: 'foreground', because }, [
            store('U32', fds, 0, pty.master),
            send(cells.initEnd, text(Signal.TERMINAL), 1, { array: fds, count: 1 }),
            sys('close', [pty.master]),
          ]),
          // The host gives the terminal its size before the command can ask for it.
          awaitHost(launch, 'window-size'),
        ]
      : [sendMaster(pty, socket, because)]),
    takeTerminal(pty, because, process.user.uid),
  ];
}
