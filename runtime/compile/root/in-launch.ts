/** The root file system in a launch, the terminal, and what is written through a procfs. */
import { ifAsked, ifNotAsked } from '../launch/asked.js';
import { type Launch, rule } from '../launch/launch.js';
import type { Contribution } from '../launch/phases.js';
import type { RootActions } from './prepare.js';
import { seeDevices } from './see-devices.js';
import { names, type ProcActions } from './system.js';
import { connectConsole, needTerminal } from './terminal.js';

export function rootInLaunch(launch: Launch, root: RootActions, proc: ProcActions): Contribution {
  const { cells, options } = launch;
  const { terminal } = launch.process;
  const foreground = options.entry === 'run' && options.detach !== true;
  const here = launch.because('process', 'terminal');
  return {
    host: {
      'own-terminal':
        terminal && foreground ? ifNotAsked(options.console, cells.consoleSocket, [needTerminal(here)]) : [],
      'given-devices': seeDevices(launch),
      // Before anything is made: it waits as long as the listener likes. Without a terminal, checkAsked has refused the socket.
      console: terminal
        ? ifAsked(options.console, cells.consoleSocket, [
            connectConsole(cells.consoleSocket, root.consoleSocket, rule('--console-socket')),
          ])
        : [],
    },
    init: { root: root.actions, names: names(launch), labels: proc.labels },
  };
}
