import { countsLine } from '../harness/counts.js';
import type { CallerName } from './callers.js';
import { deviationOf } from './expected.js';

/** How a case went on one runtime, before the table of deviations is looked at. */
export type Outcome =
  | { readonly kind: 'passed' }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'skipped'; readonly reason: string };

export interface Result {
  readonly runtime: string;
  readonly caller: CallerName;
  readonly name: string;
  readonly outcome: Outcome;
  readonly milliseconds: number;
  /** It went as expected when it was run again: what was wrong before. */
  readonly unsteady?: string;
}

export interface Verdict {
  readonly runtime: string;
  readonly name: string;
  readonly word: 'ok' | 'FAIL' | 'skip' | 'differs' | 'unsteady';
  readonly reason: string;
}

/**
 * A peer whose result nobody expects is asked again: its races are not ours to fix, and a case is suspect only if the peer fails it each time. Our own
 * runtime gets one try.
 */
export function deservesAnother(result: Result): boolean {
  return !result.runtime.startsWith('chos') && judge(result).word === 'FAIL';
}

/** Weighs a result against the reviewed deviations of the peers. */
export function judge(result: Result): Verdict {
  const { runtime, caller, name, outcome, unsteady } = result;
  if (unsteady !== undefined) return { runtime, name, word: 'unsteady', reason: unsteady };
  const deviation = deviationOf(runtime, name, caller);
  switch (outcome.kind) {
    case 'skipped':
      return { runtime, name, word: 'skip', reason: outcome.reason };
    case 'failed':
      return deviation === undefined
        ? { runtime, name, word: 'FAIL', reason: outcome.reason }
        : { runtime, name, word: 'differs', reason: deviation.reason };
    case 'passed':
      return deviation === undefined || deviation.sometimes === true
        ? { runtime, name, word: 'ok', reason: '' }
        : {
            runtime,
            name,
            word: 'FAIL',
            reason: 'passes, but is listed as a deviation: take it off the list',
          };
    default:
      return unreachable(outcome);
  }
}

function unreachable(value: never): never {
  throw new Error(`unexpected ${JSON.stringify(value)}`);
}

/** Cases x runtimes, then a line for everything that is not plain `ok`. */
export function formatTable(verdicts: readonly Verdict[]): string {
  const runtimes = [...new Set(verdicts.map(verdict => verdict.runtime))];
  const names = [...new Set(verdicts.map(verdict => verdict.name))];
  const width = Math.max(4, ...names.map(name => name.length));
  const row = (first: string, cells: readonly string[]) =>
    [first.padEnd(width), ...cells.map((cell, index) => cell.padEnd(runtimes[index]?.length ?? 0).padEnd(7))]
      .join('  ')
      .trimEnd();
  const words = new Map(verdicts.map(verdict => [`${verdict.runtime} ${verdict.name}`, verdict.word]));
  const rows = names.map(name =>
    row(
      name,
      runtimes.map(runtime => words.get(`${runtime} ${name}`) ?? '-'),
    ),
  );
  const notes = verdicts
    .filter(verdict => verdict.word !== 'ok')
    .map(({ runtime, name, word, reason }) => `${word}  ${runtime}  ${name}: ${reason}`);
  return [row('case', runtimes), ...rows, '', ...notes].join('\n');
}

/** The closing line, `N passed, N failed, N skipped`; a known deviation of a peer, or one that did not come again, is a pass. */
export function formatSummary(verdicts: readonly Verdict[]): string {
  const count = (...words: readonly Verdict['word'][]) =>
    verdicts.filter(({ word }) => words.includes(word)).length;
  return countsLine({
    passed: count('ok', 'differs', 'unsteady'),
    failed: count('FAIL'),
    skipped: count('skip'),
  });
}
