/** flock(2) with a deadline: whoever holds it may have been stopped (SIGSTOP), or hang. */
import { errnos } from '../../../spec/errno.js';
import { LOCK_EX, LOCK_NB } from '../../../spec/kernel.js';
import { type Label, label, type Slot, slot, struct, u64 } from '../../program/operand.js';
import { alu, branch, fail, jump, type Line, move, sys } from '../../program/step.js';

const pause10ms: Line = sys('nanosleep', [struct('10ms', [u64(0), u64(10_000_000)], true), 0]);

/** Take it within ten seconds; else go on at `late`, or fail with EBUSY. */
export function lockWithDeadline(fd: Slot, late?: Label): readonly Line[] {
  const again = label('lock_again');
  const held = label('lock_held');
  const taken = label('lock_taken');
  const tries = slot('lock_tries');
  return [
    move(tries, 0),
    again,
    sys('flock', [fd, LOCK_EX | LOCK_NB], { on: [['EAGAIN'], held] }),
    jump(taken),
    held,
    pause10ms,
    alu(tries, tries, 'ADD', 1),
    branch(tries, 'LT', 1000, again),
    late ? jump(late) : fail(errnos.EBUSY.number),
    taken,
  ];
}
