/** `--json`: one value in the place of sentences (docs/trees.md, "For programs"). What fails is told as ever, in one line on standard error. */
import { jsonText } from '../report/json-text.js';
import { table } from '../report/table.js';
import type { Invocation } from './invocation.js';

export const wantsJson = ({ line }: Pick<Invocation, 'line'>): boolean => line.options.flags.has('json');

/** As it is printed, with its newline. */
export const valueText = (value: unknown): string => `${jsonText(value, 2)}\n`;

/** What a command that checks has found of something. */
export interface Finding {
  readonly name: string;
  readonly result: 'ok' | 'note' | 'fault';
  readonly what: string;
}

/** A name that is the same in all of them is left out of the table. */
export function findingsText(findings: readonly Finding[], json: boolean, named = true): string {
  if (json) return valueText(findings);
  return named
    ? table(
        ['NAME', 'RESULT', 'WHAT'],
        findings.map(({ name, result, what }) => [name, result, what]),
      )
    : table(
        ['RESULT', 'WHAT'],
        findings.map(({ result, what }) => [result, what]),
      );
}
