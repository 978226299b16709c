/**
 * The signals that end a command (signal(7)): held back while there is something to take back, and looked for by everything that waits. A command that
 * gets one ends as after a failure: what it has made is taken back.
 */
import { errnos } from '../../../spec/errno.js';
import { SFD_CLOEXEC, SFD_NONBLOCK, SIG_BLOCK, SIG_IGN, SIGSET_SIZE } from '../../../spec/kernel.js';
import { signals } from '../../../spec/signals.js';
import { type Action, rule } from '../../program/action.js';
import { ignoring, when } from '../../program/control.js';
import { buffer, type Operand, type Slot, slot, struct, text, u64 } from '../../program/operand.js';
import {
  alu,
  call,
  failVerbatim,
  format,
  type Line,
  load,
  move,
  type Outcome,
  type Subroutine,
  store,
  subroutine,
  sys,
  waitReadable,
} from '../../program/step.js';
import { interruptedBy } from '../../report/operations/launch.js';
import { operation } from './operation.js';

const ending = ['HUP', 'INT', 'QUIT', 'TERM'] as const;

const bitOf = (name: keyof typeof signals): bigint => 1n << BigInt(signals[name] - 1);

/** Job control is for us as well, CHLD and PIPE come of what we do ourselves; runc and crun keep URG to themselves too. */
const kept = ['PIPE', 'CHLD', 'TSTP', 'TTIN', 'TTOU', 'URG'] as const;

/** The signals that `run` and `exec` pass on in the foreground, as sigset_t has them. */
export const passedOn: bigint = BigInt.asUintN(64, ~kept.reduce((set, name) => set | bitOf(name), 0n));

export interface Interrupts {
  /** Readable when one has come; -1 as long as they are not held back. */
  readonly fd: Slot;
  /** The name of the one that `take` took. */
  readonly name: Slot;
  /** Not 0 once one was taken. */
  readonly taken: Slot;
  readonly take: Subroutine;
  /** Take it, and fail with its name. */
  readonly fail: Subroutine;
}

export function createInterrupts(): Interrupts {
  const fd = slot('interrupts', -1);
  const name = slot('interrupt_name', text('a signal'));
  const taken = slot('interrupt_taken');
  const info = buffer('siginfo', 128);
  const number = slot('interrupt_number');
  const words = buffer('interrupt_words', 64);
  const size = slot('interrupt_words_size');
  const take = subroutine('take_interrupt', [
    move(taken, 1),
    ...ignoring(['EAGAIN'], none => [
      sys('read', [fd, info, 128], none),
      load(number, 'U32', info),
      ...ending.flatMap(signal => when(number, 'EQ', signals[signal], [move(name, text(`SIG${signal}`))])),
    ]),
  ]);
  const fail = subroutine('interrupted', [
    call(take),
    format(words, interruptedBy(name), { to: size }),
    failVerbatim(errnos.EINTR.number, words, size),
  ]);
  return { fd, name, taken, take, fail };
}

/** From here on; what the caller ignores (nohup, `&` in a script) stays ignored. */
export function holdInterrupts(i: Interrupts): Action {
  const set = slot('interrupt_set');
  const old = buffer('old_sigaction', 32);
  const handler = slot('old_handler');
  const mask = struct('interrupt_mask', [u64(0)]);
  return operation(
    {
      kind: 'hold-interrupts',
      signals: ending.map(name => `SIG${name}`),
      because: rule('an interrupted command takes back what it has made'),
    },
    [
      ...ending.flatMap(signal => [
        sys('rt_sigaction', [signals[signal], 0, old, SIGSET_SIZE]),
        load(handler, 'U64', old),
        ...when(handler, 'NE', SIG_IGN, [alu(set, set, 'OR', 1 << (signals[signal] - 1))]),
      ]),
      store('U64', mask, 0, set),
      sys('rt_sigprocmask', [SIG_BLOCK, mask, 0, SIGSET_SIZE]),
      sys('signalfd4', [-1, mask, SIGSET_SIZE, SFD_CLOEXEC | SFD_NONBLOCK], { to: i.fd }),
    ],
  );
}

/** Until `fd` is readable. */
export function waitUnlessInterrupted(
  i: Interrupts,
  fd: Operand,
  milliseconds: Operand = -1,
  o: Outcome = {},
): readonly Line[] {
  const which = slot('ready');
  return [waitReadable(fd, milliseconds, { ...o, to: which }, i.fd), ...when(which, 'EQ', 2, [call(i.fail)])];
}
