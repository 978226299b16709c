/**
 * The channel between the host's track and init: who waits for whom, and how init's failure becomes the command's.
 */
import { errnos } from '../../../spec/errno.js';
import { SIG_BLOCK, SIGSET_SIZE, TIOCGWINSZ, TIOCSWINSZ } from '../../../spec/kernel.js';
import type { OperationOf } from '../../../spec/operations/index.js';
import type { Action, Because } from '../../program/action.js';
import { attempt, ignoring, when } from '../../program/control.js';
import { buffer, type Data, label, type Slot, slot, struct, text, u32, u64 } from '../../program/operand.js';
import {
  branch,
  call,
  exit,
  fail,
  failVerbatim,
  formatFailure,
  jump,
  type Line,
  load,
  move,
  recv,
  send,
  sys,
} from '../../program/step.js';
import { FROZEN_WHILE_STARTED, STOPPED_WHILE_STARTED } from '../../report/operations/process.js';
import { Frost, type FrostSensor } from '../cgroups/driver.js';
import { waitUnlessInterrupted } from '../idioms/interrupts.js';
import { operation } from '../idioms/operation.js';
import { socketPair } from '../idioms/socket-pair.js';
import type { StopSensor } from '../idioms/start-time.js';
import { type ProcessLaunch, rule } from '../launch/launch.js';
import { type Given, HANDED_OVER, type Listener, sendListener } from '../launch/seccomp-listener.js';

/** One-byte messages between the tracks; whatever is longer, from init, is the text of a failure. */
export const Signal = { HOOKS: 'h', READY: 'r', CONTINUE: 'c', GO: 'g', EXEC: 'x', TERMINAL: 't' } as const;

export interface Messages {
  /** Host: wait until init says `expected`; a text fails with it, end of file means that init died. */
  expect(expected: string): Action;
  /** After "x", of a filter that notifies: the listener goes to its agent, which ends the waiting of whoever has the filter. */
  passListener(listener: Listener, of: Omit<Given, 'fd'>): Action;
  /** After "x": end of file is success, a text is the failure of execve(2). */
  readonly end: Action;
  /** The terminal that comes before everything else. */
  receiveTerminal(): Action;
}

/** Who is waited for. A child that is killed can say nothing itself: its silent end has words of its own. */
export interface Awaited {
  readonly who: 'init' | 'process';
  readonly because: Because;
  /** Steps that may know better why it died, before that is said. */
  readonly why?: readonly Line[];
  /** See why it may never answer: then it is not waited for any longer. */
  readonly frost: FrostSensor | null;
  readonly stop: StopSensor | null;
}

type Sensors = Pick<Awaited, 'frost' | 'stop'>;

const frozen = text(FROZEN_WHILE_STARTED);
const stopped = text(STOPPED_WHILE_STARTED);

/** Until the other end can be read. Nobody says how long a hook may take; but who is frozen or stopped never answers. */
function untilItSpeaks({ cells }: ProcessLaunch, { frost, stop }: Sensors): readonly Line[] {
  const { interrupts, hostEnd } = cells;
  if (frost === null && stop === null) return waitUnlessInterrupted(interrupts, hostEnd);
  const wait = label('message_wait');
  const giveUp = (words: Data): Line => failVerbatim(errnos.EBUSY.number, words, words.size - 1);
  return [
    wait,
    ...attempt(['ETIMEDOUT'], silent => waitUnlessInterrupted(interrupts, hostEnd, 1000, silent), [
      ...(stop === null ? [] : [call(stop.see), ...when(stop.stopped, 'NE', 0, [giveUp(stopped)])]),
      ...(frost === null
        ? [jump(wait)]
        : [call(frost.see), branch(frost.frost, 'EQ', Frost.THAWED, wait), giveUp(frozen)]),
    ]),
  ];
}

export function hostMessages(launch: ProcessLaunch, awaited: Awaited): Messages {
  const { cells } = launch;
  return {
    end: expectEnd(launch, awaited),
    receiveTerminal: () => receiveTerminal(launch, awaited),
    passListener: (listener, of) => passListener(launch, awaited, listener, of),
    expect(expected) {
      const first = slot('message_first');
      const died = label('died');
      const failed = label('failed');
      const good = label('message_good');
      return operation({ kind: 'await-message', who: awaited.who, because: awaited.because }, [
        ...untilItSpeaks(launch, awaited),
        recv(cells.hostEnd, cells.message, { to: cells.messageSize, on: [['ECONNRESET'], died] }),
        branch(cells.messageSize, 'EQ', 0, died),
        branch(cells.messageSize, 'GT', 1, failed),
        load(first, 'U8', cells.message),
        branch(first, 'EQ', expected.charCodeAt(0), good),
        fail(errnos.EPROTO.number),
        died,
        ...(awaited.why ?? []),
        fail(errnos.ESRCH.number),
        failed,
        failVerbatim(errnos.ECHILD.number, cells.message, cells.messageSize),
        good,
      ]);
    },
  };
}

/** To the other track. That it has ended, and why, is what the next wait for it finds. */
export function sendMessage(fd: Slot, message: Data, size: number): readonly Line[] {
  return ignoring(['EPIPE'], gone => [send(fd, message, size, null, gone)]);
}

export function tell(fd: Slot, signal: string, what: OperationOf<'tell'>['what']): Action {
  return operation({ kind: 'tell', what, because: rule('host and init take turns') }, [
    ...sendMessage(fd, text(signal), 1),
  ]);
}

/** Both ends of it; each keeps its own. */
export function openChannel({ cells }: ProcessLaunch, to: 'init' | 'process', because: Because): Action {
  return operation(
    { kind: 'open-channel', to, because },
    socketPair('channel', cells.hostEnd, cells.initEnd),
  );
}

/** The command stays in the foreground and hands them on. */
export function holdSignals(because: Because): Action {
  return operation({ kind: 'hold-signals', because }, [
    sys('rt_sigprocmask', [SIG_BLOCK, struct('all signals', [u64(-1n)], true), 0, SIGSET_SIZE]),
  ]);
}

/** Init: wait for the host; end of file means that the host died, and so does init, silently. */
export function awaitHost(launch: ProcessLaunch, what: OperationOf<'await-host'>['what']): Action {
  const { cells } = launch;
  return operation({ kind: 'await-host', what, because: rule('host and init take turns') }, [
    recv(cells.initEnd, cells.message, { to: cells.messageSize }),
    ...when(cells.messageSize, 'LE', 0, [exit(1)]),
  ]);
}

function expectEnd(launch: ProcessLaunch, awaited: Sensors): Action {
  const { cells } = launch;
  return operation({ kind: 'await-execve', because: rule('start gate') }, [
    ...untilItSpeaks(launch, awaited),
    ...ignoring(['ECONNRESET'], ended => [
      recv(cells.hostEnd, cells.message, { to: cells.messageSize, ...ended }),
      ...when(cells.messageSize, 'NE', 0, [
        failVerbatim(errnos.ECHILD.number, cells.message, cells.messageSize),
      ]),
    ]),
    sys('close', [cells.hostEnd]),
    // What is taken back after this (a failing poststart hook) would close somebody else's descriptor, and wait for an init that is none any more.
    move(cells.hostEnd, -1),
  ]);
}

function passListener(
  launch: ProcessLaunch,
  awaited: Sensors,
  listener: Listener,
  of: Omit<Given, 'fd'>,
): Action {
  const { cells } = launch;
  const mark = slot('listener_mark');
  const fd = slot('listener_fd', -1);
  const { because } = listener;
  return operation({ kind: 'send-listener', socket: listener.socket ?? '', because }, [
    ...untilItSpeaks(launch, awaited),
    ...attempt(
      ['ECONNRESET'],
      reset => [recv(cells.hostEnd, cells.message, { to: cells.messageSize, ...reset })],
      [move(cells.messageSize, 0)],
    ),
    ...when(cells.messageSize, 'EQ', 0, [fail(errnos.ESRCH.number)]),
    load(mark, 'U8', cells.message),
    ...when(mark, 'NE', HANDED_OVER.MARK, [
      failVerbatim(errnos.ECHILD.number, cells.message, cells.messageSize),
    ]),
    load(fd, 'I32', cells.message, HANDED_OVER.FD),
    ...sendListener(listener, { ...of, fd }),
    ...sendMessage(cells.hostEnd, text(Signal.CONTINUE), 1),
  ]);
}

function receiveTerminal(launch: ProcessLaunch, awaited: Sensors): Action {
  const { cells } = launch;
  const fds = struct('received_fds', [u32(-1 >>> 0), u32(0)]);
  const size = buffer('winsize', 256);
  const rows = slot('window_rows');
  return operation({ kind: 'receive-terminal', because: launch.because('process', 'terminal') }, [
    ...untilItSpeaks(launch, awaited),
    recv(cells.hostEnd, cells.message, { to: cells.messageSize }, { array: fds, count: 1 }),
    load(cells.consoleFd, 'I32', fds, 0),
    ...when(cells.messageSize, 'NE', 1, [
      ...when(cells.messageSize, 'LE', 1, [fail(errnos.ESRCH.number)]),
      failVerbatim(errnos.ECHILD.number, cells.message, cells.messageSize),
    ]),
    // The command must find the window as large as the caller's from its first moment on.
    ...ignoring(['ENOTTY', 'EBADF', 'EIO', 'EINVAL', 'ENODEV'], unknown => [
      sys('ioctl_struct', [0, TIOCGWINSZ, size], unknown),
      load(rows, 'U16', size),
      ...when(rows, 'NE', 0, [sys('ioctl_struct', [cells.consoleFd, TIOCSWINSZ, size])]),
    ]),
  ]);
}

/** The end of a child's track after a failure: its words go to whoever waits for them; if nobody does any more, so be it. */
export function reportFailure(launch: ProcessLaunch, errorFd: Slot): readonly Line[] {
  const { message } = launch.cells;
  const size = slot('failure_size');
  return [
    formatFailure(message, size),
    ...ignoring(['EPIPE'], unread => [sys('write', [errorFd, message, size], unread)]),
    exit(1),
  ];
}
