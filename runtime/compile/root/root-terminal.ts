/** The terminal of a container while its root is prepared: opened in its devpts, bound on /dev/console, sent to whoever asked for it, and taken. */
import type { Action } from '../../program/action.js';
import { type Slot, struct, text, u32 } from '../../program/operand.js';
import { send, store, sys } from '../../program/step.js';
import { operation } from '../idioms/operation.js';
import { ifAsked, ifNotAsked } from '../launch/asked.js';
import { hasMountNamespace, type Launch } from '../launch/launch.js';
import { ownDevices } from '../process/own-devices.js';
import type { Places } from './destination.js';
import { bindConsole, openPty, sendMaster, takeTerminal } from './terminal.js';

export interface TerminalActions {
  readonly beforePivot: readonly Action[];
  /** The standard streams: of the terminal, or what the caller has open there. */
  readonly afterPivot: readonly Action[];
}

export function terminalActions(launch: Launch, places: Places, consoleSocket: Slot): TerminalActions {
  const { process, cells, options } = launch;
  if (!process.terminal) return { beforePivot: [], afterPivot: [ownDevices(launch)] };
  const because = launch.because('process', 'terminal');
  const { pty, action: open } = openPty(launch, cells.rootFd, process, because);
  const fds = struct('terminal_fds', [u32(0), u32(0)]);
  const toForeground = operation({ kind: 'send-terminal', to: 'foreground', because }, [
    store('U32', fds, 0, pty.master),
    send(cells.initEnd, text('t'), 1, { array: fds, count: 1 }),
    sys('close', [pty.master]),
  ]);
  const deliver = [
    ...ifAsked(options.console, cells.consoleSocket, [sendMaster(pty, consoleSocket, because)]),
    ...ifNotAsked(options.console, cells.consoleSocket, [toForeground]),
  ];
  return {
    beforePivot: [
      open,
      ...(hasMountNamespace(launch) ? [bindConsole(places, pty, because)] : []),
      ...deliver,
    ],
    afterPivot: [takeTerminal(pty, because, process.user.uid)],
  };
}
