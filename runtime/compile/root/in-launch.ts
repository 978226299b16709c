/** The root file system in a launch, the terminal, and what is written through a procfs. */
import { ifAsked, ifNotAsked } from '../launch/asked.js';
import { type Launch, rule } from '../launch/launch.js';
import type { Contribution } from '../launch/phases.js';
import type { RootActions } from './prepare.js';
import { seeDevices } from './see-devices.js';
import { givenByHost } from './sources.js';
import { names, type ProcActions } from './system.js';
import { connectConsole, needTerminal } from './terminal.js';

export function rootInLaunch(launch: Launch, root: RootActions, proc: ProcActions): Contribution {
  const { cells, options } = launch;
  const { terminal } = launch.process;
  const foreground = options.entry === 'run' && options.detach !== true;
  // Who is not root has no other rights than init begins with.
  const given = givenByHost(launch, root.sources);
  const here = launch.because('process', 'terminal');
  return {
    host: {
      ...(launch.facts.euid === 0 ? { sources: given.open, 'sources-given': given.give } : {}),
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
    init: {
      sources: launch.facts.euid === 0 ? given.take : root.sources.actions,
      root: root.actions,
      names: names(launch),
      labels: proc.labels,
    },
  };
}
