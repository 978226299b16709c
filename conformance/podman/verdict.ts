/** How a case went under one runtime. */
import { isRecord } from '../../spec/is-record.js';
import { countsLine } from '../harness/counts.js';

export type Outcome =
  | {
      readonly kind: 'seen';
      readonly seen: unknown;
      /** The part of `seen` that must be the same. */
      readonly compared: unknown;
      readonly complaint: string;
    }
  | { readonly kind: 'skipped'; readonly reason: string }
  /** The observation could not be made, or something was left behind. */
  | { readonly kind: 'broken'; readonly reason: string };

export interface Result {
  readonly name: string;
  readonly outcome: Outcome;
  readonly milliseconds: number;
}

export interface Verdict {
  readonly name: string;
  readonly word: 'ok' | 'FAIL' | 'skip';
  readonly reason: string;
}

/**
 * A command that succeeded, and of whose output nothing came although something was to come. Podman loses all of a container that ends at once now and then, with any runtime
 * (https://github.com/containers/podman/issues/3302); whoever loses it himself loses it again.
 */
export function lostOutput(outcome: Outcome): boolean {
  if (outcome.kind !== 'seen' || outcome.complaint === '' || !isRecord(outcome.seen)) return false;
  const { code, stdout, stderr } = outcome.seen;
  return code === 0 && stdout === '' && stderr === '';
}

/** Weighs what was seen under the runtime against what was seen under the reference (`theirs`, if it ran). */
export function judge(ours: Result, theirs: Result | undefined, reference: string): Verdict {
  const { name, outcome } = ours;
  switch (outcome.kind) {
    case 'skipped':
      return { name, word: 'skip', reason: outcome.reason };
    case 'broken':
      return { name, word: 'FAIL', reason: outcome.reason };
    case 'seen':
      if (outcome.complaint !== '') return { name, word: 'FAIL', reason: outcome.complaint };
      return compare(name, outcome.compared, theirs?.outcome, reference);
  }
}

function compare(name: string, compared: unknown, theirs: Outcome | undefined, reference: string): Verdict {
  const ok = (reason: string): Verdict => ({ name, word: 'ok', reason });
  if (theirs === undefined) return ok('not compared');
  if (theirs.kind !== 'seen') return ok(`${reference} could not: ${theirs.reason}`);
  if (theirs.complaint !== '') return ok(`${reference} is wrong: ${theirs.complaint}`);
  const mine = JSON.stringify(compared);
  const its = JSON.stringify(theirs.compared);
  if (mine === its) return ok('');
  return { name, word: 'FAIL', reason: `seen ${mine}; under ${reference} ${its}` };
}

/** One line for a verdict. */
export function formatVerdict({ name, word, reason }: Verdict, milliseconds: number): string {
  const time = `${(milliseconds / 1000).toFixed(1)} s`;
  return `${word.padEnd(4)}  ${name.padEnd(34)} ${time.padStart(7)}  ${reason}`.trimEnd();
}

/** The last line: `N passed, N failed, N skipped`. */
export function formatSummary(verdicts: readonly Verdict[]): string {
  const count = (word: Verdict['word']) => verdicts.filter(verdict => verdict.word === word).length;
  return countsLine({ passed: count('ok'), failed: count('FAIL'), skipped: count('skip') });
}
