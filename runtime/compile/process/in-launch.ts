/** What the host and init say to each other, and init's way from a process to the command. */
import { type Slot, struct, text, u64 } from '../../program/operand.js';
import { load, send, store, sys } from '../../program/step.js';
import { operation } from '../idioms/operation.js';
import { ifNotAsked } from '../launch/asked.js';
import { type Launch, rule } from '../launch/launch.js';
import type { Contribution } from '../launch/phases.js';
import type { Becoming } from './become.js';
import { awaitHost, holdSignals, type Messages, openChannel, Signal, tell } from './channel.js';
import { defaultSignals, keyring, outOfMemoryScore, session } from './process.js';
import { scheduling } from './scheduling.js';

export interface Conversation {
  readonly messages: Messages;
  /** Hooks are to run before the container is created. */
  readonly hooks: boolean;
  /** Init sends a terminal over the channel. */
  readonly terminal: boolean;
}

/** Each side waits for the other in turn. */
export function conversation(
  launch: Launch,
  { messages, hooks, terminal }: Conversation,
  hostPid: Slot,
): Contribution {
  const { cells, options } = launch;
  const foreground = options.entry === 'run' && options.detach !== true;
  const pidMessage = struct('pid message', [u64(0)]);
  return {
    host: {
      channel: [openChannel(launch, 'init', rule('host and init take turns'))],
      signals: foreground
        ? ifNotAsked(options.detach, cells.detach, [holdSignals(rule('run forwards them'))])
        : [],
      'go-on': [
        operation({ kind: 'let-init-go-on', because: rule('init waits until it is known') }, [
          store('U64', pidMessage, 0, cells.pid),
          send(cells.hostEnd, pidMessage, 8),
        ]),
      ],
      terminal: terminal
        ? ifNotAsked(options.console, cells.consoleSocket, [messages.receiveTerminal()])
        : [],
      'hooks-asked': hooks ? [messages.expect(Signal.HOOKS)] : [],
      'hooks-done': hooks ? [tell(cells.hostEnd, Signal.CONTINUE, 'go-on-after-hooks')] : [],
      ready: [messages.expect(Signal.READY)],
      'open-gate':
        options.entry === 'run'
          ? [tell(cells.hostEnd, Signal.GO, 'open-gate'), messages.expect(Signal.EXEC), messages.end]
          : [],
    },
    init: {
      recorded: [awaitHost(launch, 'record')],
      'host-pid': [
        operation({ kind: 'learn-host-pid', because: rule('hooks get it') }, [
          load(hostPid, 'U64', cells.message),
        ]),
      ],
      ready: [
        operation({ kind: 'tell-ready', because: rule('created') }, [
          sys('write', [cells.initEnd, text(Signal.READY), 1]),
        ]),
      ],
    },
  };
}

/** `errorFd`: where init's failures go at the time. */
export function commandInLaunch(launch: Launch, command: Becoming, errorFd: Slot): Contribution {
  return {
    init: {
      process: [
        ...session(),
        ...outOfMemoryScore(launch),
        ...command.reserve,
        ...scheduling(launch),
        ...keyring(launch),
        defaultSignals(),
        operation({ kind: 'clear-umask', because: rule('modes are meant literally') }, [sys('umask', [0])]),
      ],
      user: command.prepare,
      execve: command.execute(errorFd, rule('start gate')),
    },
  };
}
