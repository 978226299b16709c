/**
 * The channel between the host's track and init: who waits for whom, and how init's failure becomes the command's.
 */
import { errnos } from '../../../spec/errno.js';
import {
  AF_UNIX,
  SIG_BLOCK,
  SIGSET_SIZE,
  SOCK_CLOEXEC,
  SOCK_SEQPACKET,
  TIOCGWINSZ,
  TIOCSWINSZ,
} from '../../../spec/kernel.js';
import { type Action, action } from '../../program/action.js';
import { buffer, label, type Slot, slot, struct, text, u32, u64 } from '../../program/operand.js';
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
import { Frost, type FrostSensor } from '../cgroups/freezer.js';
import { waitUnlessInterrupted } from '../idioms/interrupts.js';
import { type Launch, rule } from '../launch/launch.js';

/** One-byte messages between the tracks; whatever is longer, from init, is the text of a failure. */
export const Signal = { HOOKS: 'h', READY: 'r', CONTINUE: 'c', GO: 'g', EXEC: 'x', TERMINAL: 't' } as const;

export interface Messages {
  /** Host: wait until init says `expected`; a text fails with it, end of file means that init died. */
  expect(expected: string): Action;
  /** After "x": end of file is success, a text is the failure of execve(2). */
  readonly end: Action;
  /** The terminal that comes before everything else. */
  receiveTerminal(): Action;
}

/** Who is waited for, and how its silent end is told: a child that is killed can say nothing itself. */
export interface Awaited {
  readonly title: string;
  readonly rule: string;
  readonly died: string;
  /** Steps that may know better why it died, before `died` is said. */
  readonly why?: readonly Line[];
  /** Sees whether it is frozen: then it is not waited for any longer. */
  readonly frost: FrostSensor | null;
}

const frozen = text('its cgroup, or one above it, was frozen while it was being started');

export const awaitedInit: Omit<Awaited, 'frost'> = {
  title: 'wait for init',
  rule: 'init works, the host waits',
  died: 'init ended before the container was ready (killed?)',
};

/** Until the other end can be read. Nobody says how long a hook may take; but who is frozen never answers. */
function untilItSpeaks({ cells }: Launch, frost: FrostSensor | null): readonly Line[] {
  const { interrupts, hostEnd } = cells;
  if (frost === null) return waitUnlessInterrupted(interrupts, hostEnd);
  const wait = label('message_wait');
  const silent = label('message_none');
  const here = label('message_here');
  return [
    wait,
    ...waitUnlessInterrupted(interrupts, hostEnd, 1000, { on: [['ETIMEDOUT'], silent] }),
    jump(here),
    silent,
    call(frost.see),
    branch(frost.frost, 'EQ', Frost.THAWED, wait),
    failVerbatim(errnos.EBUSY.number, frozen, frozen.size - 1),
    here,
  ];
}

export function hostMessages(launch: Launch, awaited: Awaited): Messages {
  const { cells } = launch;
  const { frost } = awaited;
  return {
    end: expectEnd(launch, frost),
    receiveTerminal: () => receiveTerminal(launch, frost),
    expect(expected) {
      const first = slot('message_first');
      const died = label('init_died');
      const failed = label('init_failed');
      const good = label('message_good');
      return action(
        {
          title: awaited.title,
          because: rule(awaited.rule),
          words: [awaited.died],
        },
        [
          ...untilItSpeaks(launch, frost),
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
        ],
      );
    },
  };
}

export function tell(fd: Slot, signal: string, title: string): Action {
  return action({ title, because: rule('host and init take turns') }, [send(fd, text(signal), 1)]);
}

/** Both ends of it; each keeps its own. */
export function openChannel({ cells }: Launch, title: string, why: string): Action {
  const ends = struct('channel', [u32(0), u32(0)]);
  return action({ title, because: rule(why) }, [
    sys('socketpair', [AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends]),
    load(cells.hostEnd, 'I32', ends, 0),
    load(cells.initEnd, 'I32', ends, 4),
  ]);
}

/** The command stays in the foreground and hands them on. */
export function holdSignals(why: string): Action {
  return action({ title: 'hold signals back', because: rule(why) }, [
    sys('rt_sigprocmask', [SIG_BLOCK, struct('all signals', [u64(-1n)], true), 0, SIGSET_SIZE]),
  ]);
}

/** Init: wait for the host; end of file means that the host died, and so does init, silently. */
export function awaitHost(launch: Launch, title: string): Action {
  const { cells } = launch;
  const here = label('host_answered');
  return action({ title, because: rule('host and init take turns') }, [
    recv(cells.initEnd, cells.message, { to: cells.messageSize }),
    branch(cells.messageSize, 'GT', 0, here),
    exit(1),
    here,
  ]);
}

function expectEnd(launch: Launch, frost: FrostSensor | null): Action {
  const { cells } = launch;
  const good = label('exec_happened');
  return action({ title: 'see that execve happened', because: rule('start gate') }, [
    ...untilItSpeaks(launch, frost),
    recv(cells.hostEnd, cells.message, { to: cells.messageSize, on: [['ECONNRESET'], good] }),
    branch(cells.messageSize, 'EQ', 0, good),
    failVerbatim(errnos.ECHILD.number, cells.message, cells.messageSize),
    good,
    sys('close', [cells.hostEnd]),
    // What is taken back after this (a failing poststart hook) would close somebody else's descriptor, and wait for an init that is none any more.
    move(cells.hostEnd, -1),
  ]);
}

function receiveTerminal(launch: Launch, frost: FrostSensor | null): Action {
  const { cells } = launch;
  const fds = struct('received_fds', [u32(-1 >>> 0), u32(0)]);
  const good = label('terminal_came');
  const failed = label('terminal_failed');
  const unknown = label('window_unknown');
  const size = buffer('winsize', 256);
  const rows = slot('window_rows');
  return action(
    {
      title: 'receive the terminal',
      because: launch.because('process', 'terminal'),
      words: ['init made no terminal'],
    },
    [
      ...untilItSpeaks(launch, frost),
      recv(cells.hostEnd, cells.message, { to: cells.messageSize }, { array: fds, count: 1 }),
      load(cells.consoleFd, 'I32', fds, 0),
      branch(cells.messageSize, 'EQ', 1, good),
      branch(cells.messageSize, 'GT', 1, failed),
      fail(errnos.ESRCH.number),
      failed,
      failVerbatim(errnos.ECHILD.number, cells.message, cells.messageSize),
      good,
      // The command must find the window as large as the caller's from its first moment on.
      sys('ioctl_struct', [0, TIOCGWINSZ, size], {
        on: [['ENOTTY', 'EBADF', 'EIO', 'EINVAL', 'ENODEV'], unknown],
      }),
      load(rows, 'U16', size),
      branch(rows, 'EQ', 0, unknown),
      sys('ioctl_struct', [cells.consoleFd, TIOCSWINSZ, size]),
      unknown,
    ],
  );
}

/** The end of a child's track after a failure: its words go to whoever waits for them; if nobody does any more, so be it. */
export function reportFailure(launch: Launch, errorFd: Slot): readonly Line[] {
  const { message } = launch.cells;
  const size = slot('failure_size');
  const sent = label('failure_sent');
  return [
    formatFailure(message, size),
    sys('write', [errorFd, message, size], { on: [['EPIPE'], sent] }),
    sent,
    exit(1),
  ];
}
