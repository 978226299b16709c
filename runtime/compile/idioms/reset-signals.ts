import { SIG_SETMASK, SIGSET_SIZE } from '../../../spec/kernel.js';
import { ignoring, repeatWhile } from '../../program/control.js';
import { slot, struct, u64 } from '../../program/operand.js';
import { alu, type Line, sys } from '../../program/step.js';

const SIG_DFL = struct('SIG_DFL', [u64(0), u64(0), u64(0), u64(0)], true);

/** For whatever is executed: none blocked, none ignored. */
export function resetSignals(): readonly Line[] {
  const number = slot('signal_number', 1);
  return [
    sys('rt_sigprocmask', [SIG_SETMASK, struct('no signals', [u64(0)], true), 0, SIGSET_SIZE]),
    ...repeatWhile(number, 'LE', 64, [
      ...ignoring(['EINVAL'], fixed => [sys('rt_sigaction', [number, SIG_DFL, 0, SIGSET_SIZE], fixed)]),
      alu(number, number, 'ADD', 1),
    ]),
  ];
}
