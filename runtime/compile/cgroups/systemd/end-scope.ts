/** The end of a scope: it is stopped and forgotten, if it is ours. */
import { errnos } from '../../../../spec/errno.js';
import { AT_FDCWD } from '../../../../spec/kernel.js';
import { repeat, when } from '../../../program/control.js';
import { buffer, type Slot, slot, type Template } from '../../../program/operand.js';
import {
  alu,
  branch,
  call,
  format,
  type Line,
  move,
  type Subroutine,
  subroutine,
  sys,
  warn,
} from '../../../program/step.js';
import { endsUntold, leftAlone, notStopped, strangerEnds } from '../../../report/operations/systemd.js';
import { pause10ms } from '../../bus/connection.js';
import { forget, type Manager, Verdict, withMode } from './manager.js';
import { createReason, refusedAs, uidOf, unitField, unlessDone } from './outcome.js';
import { type ScopePlan, systemdsOwn } from './plan.js';
import type { ScopeRecord } from './record-scope.js';
import { type Ownership, Whose } from './whose.js';

export interface ScopeEnd {
  /** Once it has been called: one of Whose. */
  readonly whose: Slot;
  /** Ask whose the unit is; only the first call does. */
  readonly see: Subroutine;
  /** If it is ours, stop it and have it forgotten. The processes have ended. */
  readonly stop: Subroutine;
}

/** Two seconds. */
const ROUNDS = 200;

/**
 * Nobody could tell systemd. It hears from the kernel that the last process of the scope has ended, stops the unit and removes the directory. The kernel may hold that event
 * back for 10 ms (cgroup_file_notify()), and it goes with the directory: if that is removed too soon, the unit stays active for ever.
 */
function leaveToSystemd(plan: ScopePlan): readonly Line[] {
  const d = systemdsOwn(plan);
  const rounds = slot('scope_rounds');
  if (d === undefined) return [];
  return repeat(({ leave }) => [
    sys('faccessat2', [AT_FDCWD, d.memory, 0, 0], { on: [['ENOENT'], leave] }),
    branch(rounds, 'GE', ROUNDS, leave),
    alu(rounds, rounds, 'ADD', 1),
    pause10ms,
  ]);
}

/** The unit is ours. Without an answer, or if it was refused, it counts as unknown; `say` says why not, once `find` has found that. */
function stopOurs(
  m: Manager,
  plan: ScopePlan,
  whose: Slot,
  find: readonly Line[],
  say: readonly Line[],
): readonly Line[] {
  const gone = slot('unit_is_gone');
  return [
    ...m.ask('StopUnit', 'ss', plan.unit, withMode('replace'), true),
    ...unlessDone(m, [...find, ...refusedAs(m, gone, 'NoSuchUnit'), ...when(gone, 'EQ', 0, say)]),
    ...when(m.connection.problem, 'EQ', 0, [...when(m.verdict, 'NE', Verdict.REFUSED, forget(m, plan))]),
    ...when(m.verdict, 'NE', Verdict.DONE, [move(whose, Whose.UNKNOWN)]),
  ];
}

/**
 * A launch that was killed may have sent its call right before. systemd takes up what came first, and what is asked here comes over a connection that was made
 * afterwards: by the time of the answer that call has been obeyed, or refused because init had ended. Without systemd the directories are all that is left, if they are still the same.
 */
export function endScope(
  m: Manager,
  plan: ScopePlan,
  { whose, look }: Ownership,
  record: ScopeRecord,
): ScopeEnd {
  const words = buffer('not_stopped', 2048);
  const size = slot('not_stopped_size');
  const seen = slot('unit_was_seen');
  const { connection: c } = m;
  const say = (template: Template): readonly Line[] => [
    format(words, template, { to: size }),
    warn(words, size),
  ];
  const unit = unitField(plan);
  const reason = createReason(m);
  const untold: readonly Line[] = [
    call(reason.find),
    ...when(
      whose,
      'EQ',
      Whose.OTHERS,
      say(leftAlone(unit, reason.words)),
      say(endsUntold(unit, reason.words)),
    ),
  ];
  const isThere = (lines: readonly Line[]): readonly Line[] =>
    [errnos.ENOENT, errnos.ECONNREFUSED].reduce(
      (rest, { number }) => when(c.problem, 'NE', number, rest),
      lines,
    );
  return {
    whose,
    see: subroutine('see_scope', [
      ...when(seen, 'EQ', 0, [
        move(seen, 1),
        // It may have been left in the middle of an answer, by a signal that has been seen.
        move(c.interrupts, -1),
        call(c.close),
        call(m.reach),
        ...when(c.problem, 'EQ', 0, [call(look)]),
        ...when(whose, 'EQ', Whose.UNKNOWN, [
          ...record.compare(whose),
          ...when(m.peer.isStranger, 'NE', 0, say(strangerEnds(unit, uidOf(m))), isThere(untold)),
          call(c.close),
        ]),
      ]),
    ]),
    stop: subroutine('stop_scope', [
      ...when(
        whose,
        'EQ',
        Whose.OURS,
        stopOurs(m, plan, whose, [call(reason.find)], say(notStopped(unit, reason.words))),
      ),
      ...when(whose, 'EQ', Whose.UNKNOWN, leaveToSystemd(plan)),
      call(c.close),
    ]),
  };
}
