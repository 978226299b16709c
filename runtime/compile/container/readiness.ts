/**
 * The socket on which the container says that it is ready, and the word to the caller's service manager (sd_notify(3)): READY=1, and the pid of init where the
 * command does not stay. As with runc nothing else is passed on, and whoever ends without a word is not waited for.
 */
import { TemplateField } from '../../../spec/instructions.js';
import {
  AF_UNIX,
  LOCK_UN,
  SFD_CLOEXEC,
  SFD_NONBLOCK,
  SIGSET_SIZE,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
} from '../../../spec/kernel.js';
import type { Action } from '../../program/action.js';
import { attempt, ignoring, repeat, when } from '../../program/control.js';
import {
  buffer,
  type Data,
  field,
  type Label,
  label,
  ref,
  type Slot,
  slot,
  slots,
  struct,
  text,
  u64,
} from '../../program/operand.js';
import {
  alu,
  branch,
  call,
  format,
  jump,
  type Line,
  load,
  move,
  scan,
  store,
  sys,
  waitReadable,
  warn,
} from '../../program/step.js';
import { MANAGER_NOT_TOLD } from '../../report/operations/container.js';
import { type Interrupts, passedOn } from '../idioms/interrupts.js';
import { operation } from '../idioms/operation.js';
import { sendDatagram } from '../idioms/unix-socket.js';
import { type Launch, rule } from '../launch/launch.js';
import { NOTIFY_DIRECTORY, NOTIFY_FILE } from '../launch/notify-socket.js';
import type { Contribution } from '../launch/phases.js';
import { unlock } from './own-directory.js';

const FILE = `${NOTIFY_DIRECTORY}/${NOTIFY_FILE}`;

/**
 * `directory`: the state directory. The name leads through the descriptor, because a socket's may have 107 bytes only. Whoever is in the container may write to it,
 * whatever its ids are: it is made so, because chmod(2) would follow a link that somebody inside, with the rights to make the mount writable, has put in its place.
 */
export function listenForReadiness(directory: Slot, to: Slot): readonly Line[] {
  const address = buffer('notify_sockaddr', 110);
  const size = slot('notify_sockaddr_size');
  const mask = slot('notify_umask');
  const path = ['--/proc/self/fd/', field(TemplateField.DECIMAL, directory), `/${FILE}`];
  return [
    ...ignoring(['ENOENT'], missing => [sys('unlinkat', [directory, text(FILE), 0], missing)]),
    sys('socket', [AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0], { to }),
    format(address, path, { to: size }),
    store('U16', address, 0, AF_UNIX),
    sys('umask', [0], { to: mask }),
    sys('bind', [to, address, size]),
    sys('umask', [mask]),
  ];
}

/** How long the end of the container goes unnoticed, in milliseconds. */
const LOOK = 200;
const MESSAGE = 4096;
const READY = 'READY=1';
const NEWLINE = 10;

/** Goes on behind itself if a line of the message is READY=1; else at `other`. */
function insistOnReady(message: Data, size: Slot, other: Label): readonly Line[] {
  const line = slots('notify_line', 2);
  const at = slot('notify_line_at');
  const rest = slot('notify_rest');
  const same = slot('notify_same');
  return [
    move(line, 0),
    ...repeat(({ leave }) => [
      alu(rest, size, 'SUB', line),
      branch(rest, 'LT', READY.length, other),
      alu(at, line, 'ADD', message),
      scan('EQUAL', { buffer: ref(at), length: READY.length, start: text(READY) }, { to: same }),
      branch(same, 'EQ', 1, leave),
      scan(
        'FIND',
        { buffer: message, length: size, start: line, byte: NEWLINE },
        { to: line, on: [['ENOENT'], other] },
      ),
      alu(line, line, 'ADD', 1),
    ]),
  ];
}

export interface Readiness {
  /** The container's end of it: what `listenForReadiness` made. */
  readonly socket: Slot;
  /** NOTIFY_SOCKET of the caller. */
  readonly manager: Slot;
  readonly pidfd: Slot;
  /** Of init, if it is to be the main process from now on: the command does not stay. */
  readonly main: Slot | null;
  /** Whoever does not stay is interrupted; signals for whoever stays are the container's. */
  readonly interrupts: Interrupts;
}

/** A manager that does not read is given up. The container runs: what cannot be told is a warning, whatever the reason. */
const MANAGER_SECONDS = 10;

function tellManager({ manager, main }: Readiness): readonly Line[] {
  const words = buffer('ready_words', 64);
  const size = slot('ready_size');
  const told = [
    `${READY}\n`,
    ...(main === null ? [] : ['MAINPID=', field(TemplateField.DECIMAL, main), '\n']),
  ];
  const unheard = text(MANAGER_NOT_TOLD);
  return [
    format(words, told, { to: size }),
    ...sendDatagram(MANAGER_SECONDS, manager, words, size, [warn(unheard, unheard.size - 1)]),
  ];
}

/** Signals that come while it starts go where they would go later, when the command supervises it. */
function passSignalsOn(signals: Slot, pidfd: Slot, which: Slot, again: Label): readonly Line[] {
  const info = buffer('passed_siginfo', 128);
  const number = slot('passed_signal');
  return when(which, 'EQ', 1, [
    sys('read', [signals, info, 128], { on: [['EAGAIN'], again] }),
    load(number, 'U32', info),
    ...ignoring(['ESRCH'], ended => [sys('pidfd_send_signal', [pidfd, number, 0, 0], ended)]),
    jump(again),
  ]);
}

/** Until READY=1, or until init has ended. Signals are looked at first: whoever floods the socket does not keep them waiting. */
export function awaitReadiness(readiness: Readiness): readonly Line[] {
  const { socket, pidfd, main, interrupts } = readiness;
  const signals = slot('passed_signals', -1);
  const which = slot('notify_which');
  const message = buffer('notify_message', MESSAGE);
  const size = slot('notify_size');
  const ended = label('ended_unready');
  const stays = main === null;
  return [
    ...(stays
      ? [
          sys(
            'signalfd4',
            [-1, struct('passed signals', [u64(passedOn)]), SIGSET_SIZE, SFD_CLOEXEC | SFD_NONBLOCK],
            { to: signals },
          ),
        ]
      : []),
    ...repeat(({ again, leave }) => [
      ...attempt(
        ['ETIMEDOUT'],
        silent =>
          stays
            ? [
                waitReadable(signals, LOOK, { ...silent, to: which }, socket),
                ...passSignalsOn(signals, pidfd, which, again),
              ]
            : [
                waitReadable(interrupts.fd, LOOK, { ...silent, to: which }, socket),
                ...when(which, 'EQ', 1, [call(interrupts.fail)]),
              ],
        attempt(['ETIMEDOUT'], alive => [waitReadable(pidfd, 0, alive), jump(ended)], [jump(again)]),
      ),
      sys('read', [socket, message, MESSAGE], { to: size, on: [['EAGAIN'], again] }),
      ...insistOnReady(message, size, again),
      ...tellManager(readiness),
      jump(leave),
    ]),
    ended,
    sys('close', [socket]),
    ...(stays ? [sys('close', [signals])] : []),
  ];
}

const because = rule('NOTIFY_SOCKET');

/** Of a launch. What `create` makes the directory for, `start` listens. */
export function readinessInLaunch(launch: Launch): Contribution {
  const { cells, options } = launch;
  if (options.notify === null) return {};
  const runs = options.entry === 'run';
  const socket = slot('readiness', -1);
  const wait = awaitReadiness({
    socket,
    manager: cells.notifySocket,
    pidfd: cells.pidfd,
    main: options.detach === true ? cells.pid : null,
    interrupts: cells.interrupts,
  });
  return {
    host: {
      gate: [
        operation({ kind: 'make-notify-socket', because }, [
          sys('mkdirat', [cells.stateFd, text(NOTIFY_DIRECTORY), 0o755]),
          sys('fchmodat', [cells.stateFd, text(NOTIFY_DIRECTORY), 0o755]),
          ...(runs ? listenForReadiness(cells.stateFd, socket) : []),
        ]),
      ],
      readiness: runs
        ? [
            operation({ kind: 'await-readiness', because }, [
              // pause and delete want the lock meanwhile.
              ...unlock(launch),
              // Nobody copies from a terminal before the command supervises the container.
              ...when(cells.consoleFd, 'LT', 0, wait),
            ]),
          ]
        : [],
    },
  };
}

/** Of `start`: `told` follows what opens the gate. */
export interface ReadinessAtStart {
  readonly listen: readonly Action[];
  readonly told: readonly Action[];
}

/** `directory`: the state directory, which is locked. Where the caller has no manager, nobody listens, as with runc. */
export function readinessAtStart(
  launch: Launch,
  directory: Slot,
  of: Omit<Readiness, 'socket' | 'main'> & { readonly pid: Slot },
): ReadinessAtStart {
  if (launch.options.notify === null) return { listen: [], told: [] };
  const socket = slot('readiness', -1);
  const { pid, ...rest } = of;
  return {
    listen: [
      operation(
        { kind: 'make-notify-socket', because },
        when(of.manager, 'GE', 0, listenForReadiness(directory, socket)),
      ),
    ],
    told: [
      operation(
        { kind: 'await-readiness', because },
        when(socket, 'GE', 0, [
          sys('flock', [directory, LOCK_UN]),
          ...awaitReadiness({ ...rest, socket, main: pid }),
        ]),
      ),
    ],
  };
}
