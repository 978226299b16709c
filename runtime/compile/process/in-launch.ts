/** What the host and init say to each other, and init's way from a process to the command. */
import { type Slot, struct, text, u64 } from '../../program/operand.js';
import { load, store, sys } from '../../program/step.js';
import { operation } from '../idioms/operation.js';
import { ifNotAsked } from '../launch/asked.js';
import { hasUsers, type Launch, rule } from '../launch/launch.js';
import type { Contribution } from '../launch/phases.js';
import { type Given, listenerOf } from '../launch/seccomp-listener.js';
import { stateOf } from '../launch/told-state.js';
import type { Becoming } from './become.js';
import { awaitHost, holdSignals, type Messages, openChannel, Signal, sendMessage, tell } from './channel.js';
import { defaultSignals, keyring, openToCaller, outOfMemoryScore, session } from './process.js';
import { ownNature, scheduling } from './scheduling.js';
import { giveStreams } from './streams.js';

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
  const listener = listenerOf(launch);
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
          ...sendMessage(cells.hostEnd, pidMessage, 8),
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
          ? [
              tell(cells.hostEnd, Signal.GO, 'open-gate'),
              messages.expect(Signal.EXEC),
              ...(listener === null ? [] : [messages.passListener(listener, ofInit(launch))]),
              messages.end,
            ]
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

/** As `run` knows it, right before the command is executed. */
function ofInit(launch: Launch): Omit<Given, 'fd'> {
  const { id, pid, pidfd } = launch.cells;
  return { pid, pidfd, container: { ...stateOf(launch, { id, pid }), status: 'created' } };
}

/** `errorFd`: where init's failures go at the time. */
export function commandInLaunch(launch: Launch, command: Becoming, errorFd: Slot): Contribution {
  const { cells, options } = launch;
  // In a user namespace init has no rights of the host's, so the host does for it what takes them.
  const byHost = hasUsers(launch);
  return {
    host: {
      rights: byHost
        ? [
            ...outOfMemoryScore(launch, cells.pid),
            ...command.reserve,
            ...scheduling(launch, cells.pid),
            ...giveStreams(launch),
          ]
        : [],
    },
    init: {
      process: [
        ...session(),
        ...(byHost ? [] : [...outOfMemoryScore(launch), ...command.reserve, ...scheduling(launch)]),
        ...ownNature(launch),
        ...keyring(launch),
        defaultSignals(),
        operation({ kind: 'clear-umask', because: rule('modes are meant literally') }, [sys('umask', [0])]),
      ],
      user: [
        ...command.prepare,
        // `exec` enters a container that is created, and the listener of a filter is taken from here.
        ...(options.entry === 'create' || listenerOf(launch) !== null ? openToCaller(launch) : []),
      ],
      execve: command.execute(errorFd, replyOf(launch), rule('start gate')),
    },
  };
}

/** Where init hears of the host behind the gate: the channel is closed there when `create` ends. */
function replyOf({ cells, options }: Launch): Slot {
  return options.entry === 'create' ? cells.gateReply : cells.initEnd;
}
