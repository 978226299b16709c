/** The end of a scope: it is stopped and forgotten, if it is ours. */
import { when } from '../../../program/control.js';
import { buffer, type Slot, slot } from '../../../program/operand.js';
import { call, format, type Line, move, type Subroutine, subroutine, warn } from '../../../program/step.js';
import { notStopped } from '../../../report/operations/systemd.js';
import { type Manager, Verdict, withMode } from './manager.js';
import type { ScopePlan } from './plan.js';
import { forget, unitField } from './scope.js';
import { type Ownership, Whose } from './whose.js';

export interface ScopeEnd {
  /** Once it has been called: one of Whose. */
  readonly whose: Slot;
  /** Ask whose the unit is; only the first call does. */
  readonly see: Subroutine;
  /** If it is ours, stop it and have it forgotten. */
  readonly stop: Subroutine;
}

/**
 * A launch that was killed may have sent its call right before. systemd takes up what came first, and what is asked here comes over a connection that was made
 * afterwards: by the time of the answer that call has been obeyed, or refused because init had ended. Without systemd the directories are all that is left.
 */
export function endScope(m: Manager, plan: ScopePlan, { whose, look }: Ownership): ScopeEnd {
  const words = buffer('not_stopped', 1024);
  const size = slot('not_stopped_size');
  const seen = slot('unit_was_seen');
  const { connection: c } = m;
  const warnOfIt: readonly Line[] = [
    format(words, notStopped(unitField(plan)), { to: size }),
    warn(words, size),
    call(c.close),
  ];
  return {
    whose,
    see: subroutine('see_scope', [
      ...when(seen, 'EQ', 0, [
        move(seen, 1),
        // It may have been left in the middle of an answer, by a signal that has been seen.
        move(c.interrupts, -1),
        call(c.close),
        call(c.open),
        ...when(c.problem, 'EQ', 0, [call(look), ...when(whose, 'EQ', Whose.UNKNOWN, warnOfIt)]),
      ]),
    ]),
    stop: subroutine('stop_scope', [
      ...when(whose, 'EQ', Whose.OURS, [
        ...m.ask('StopUnit', 'ss', plan.unit, withMode('replace'), true),
        ...when(c.problem, 'EQ', 0, [...when(m.verdict, 'NE', Verdict.REFUSED, forget(m, plan))]),
        ...when(c.problem, 'NE', 0, warnOfIt),
      ]),
      call(c.close),
    ]),
  };
}
