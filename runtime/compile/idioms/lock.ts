/** flock(2) with a deadline: whoever holds it may have been stopped (SIGSTOP), or hang. */
import { errnos } from '../../../spec/errno.js';
import { LOCK_EX, LOCK_NB } from '../../../spec/kernel.js';
import { attempt } from '../../program/control.js';
import { type Label, label, type Slot, slot, struct, u64 } from '../../program/operand.js';
import { alu, branch, fail, jump, type Line, move, sys } from '../../program/step.js';

const pause10ms: Line = sys('nanosleep', [struct('10ms', [u64(0), u64(10_000_000)], true), 0]);

/** Take it within ten seconds; else go on at `late`, or fail with EBUSY. */
export function lockWithDeadline(fd: Slot, late?: Label): readonly Line[] {
  const tries = slot('lock_tries');
  const again = label('lock_again');
  return [
    move(tries, 0),
    again,
    ...attempt(['EAGAIN'], held => [sys('flock', [fd, LOCK_EX | LOCK_NB], held)], [
      pause10ms,
      alu(tries, tries, 'ADD', 1),
      branch(tries, 'LT', 1000, again),
      late ? jump(late) : fail(errnos.EBUSY.number),
    ]),
  ];
}
