/**
 * Structure in the place of labels and jumps: a condition, a trial, a loop. Each becomes the branches that one would write by hand, no more.
 */
import type { ErrnoName } from '../../spec/errno.js';
import { type Label, label, type Operand } from './operand.js';
import { branch, type Comparison, jump, type Line } from './step.js';

/** What holds exactly when the other does not. */
const opposite = {
  EQ: 'NE',
  NE: 'EQ',
  LT: 'GE',
  GE: 'LT',
  GT: 'LE',
  LE: 'GT',
  ANY: 'NONE',
  NONE: 'ANY',
} as const satisfies Partial<Record<Comparison, Comparison>>;

export type Condition = keyof typeof opposite;

/** If `a comparison b` holds, `then`; else `otherwise`. */
export function when(
  a: Operand,
  comparison: Condition,
  b: Operand,
  then: readonly Line[],
  otherwise: readonly Line[] = [],
): readonly Line[] {
  if (then.length === 0 && otherwise.length === 0) return [];
  const end = label('end_if');
  if (otherwise.length === 0) return [branch(a, opposite[comparison], b, end), ...then, end];
  if (then.length === 0) return [branch(a, comparison, b, end), ...otherwise, end];
  const not = label('else');
  return [branch(a, opposite[comparison], b, not), ...then, jump(end), not, ...otherwise, end];
}

/** For the `on` of the steps that may fail with one of the errnos. */
export interface Handled {
  readonly on: readonly [readonly ErrnoName[], Label];
}

/**
 * `body`; where a step of it that was given `handled` fails with one of the errnos, the rest of it is left out and `otherwise` takes its place. `otherwise` may
 * end the action (fail, exit) or go on behind it.
 */
export function attempt(
  errnos: readonly ErrnoName[],
  body: (handled: Handled) => readonly Line[],
  otherwise: readonly Line[],
): readonly Line[] {
  const failed = label('failed');
  const end = label('end_attempt');
  return [...body({ on: [errnos, failed] }), jump(end), failed, ...otherwise, end];
}

/** `body`; a step of it that fails with one of the errnos ends it, and that is all right. */
export function ignoring(
  errnos: readonly ErrnoName[],
  body: (handled: Handled) => readonly Line[],
): readonly Line[] {
  const end = label('ignored');
  return [...body({ on: [errnos, end] }), end];
}

/** `body`; where a step of it that was given `handled` fails with one of the errnos, it is begun anew. */
export function retrying(
  errnos: readonly ErrnoName[],
  body: (handled: Handled) => readonly Line[],
): readonly Line[] {
  const again = label('retry');
  return [again, ...body({ on: [errnos, again] })];
}

/** The ways out of a loop: `again` begins it anew, `leave` ends it. For branches, and for the `on` of steps. */
export interface Loop {
  readonly again: Label;
  readonly leave: Label;
}

/** `body` once, and again as long as `a comparison b` holds behind it. */
export function repeatWhile(
  a: Operand,
  comparison: Comparison,
  b: Operand,
  body: readonly Line[],
): readonly Line[] {
  const again = label('again');
  return [again, ...body, branch(a, comparison, b, again)];
}

/** `body` over and over, until it leaves. */
export function repeat(body: (loop: Loop) => readonly Line[]): readonly Line[] {
  const again = label('again');
  const leave = label('leave');
  return [again, ...body({ again, leave }), jump(again), leave];
}
