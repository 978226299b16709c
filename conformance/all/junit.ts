/** JUnit XML of `make test`, which GitLab, Jenkins and GitHub read: a suite for each part, a case for each of the part's own lines. */
import type { Counts } from '../harness/counts.js';

export interface PartReport {
  readonly name: string;
  readonly counts: Counts;
  readonly seconds: number;
  readonly output: string;
  /** Failures that have no line of their own: a part that ended without its counts, or with an exit code. */
  readonly without?: string;
}

interface Case {
  readonly name: string;
  readonly kind: 'ok' | 'fail' | 'skip';
  readonly text: string;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: uvu colours its summary
const colours = /\u001b\[[0-9;]*m/g;
/** What XML 1.0 has no way to write, not even as a reference. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const unwritable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#10;',
  '\t': '&#9;',
  '\r': '&#13;',
};
export const escaped = (text: string): string =>
  text.replace(unwritable, '\ufffd').replace(/[&<>"\n\t\r]/g, letter => entities[letter] ?? letter);

/** Lines `ok NAME`, `skip NAME: WHY` in any case, `FAIL NAME: WHY` in capitals, as counts.ts reads them; what is indented below a failure belongs to it. */
export function casesOf(output: string): readonly Case[] {
  const cases: Case[] = [];
  let failing: { name: string; lines: string[] } | null = null;
  const close = (): void => {
    if (failing !== null) cases.push({ name: failing.name, kind: 'fail', text: failing.lines.join('\n') });
    failing = null;
  };
  for (const line of output.replace(colours, '').split('\n')) {
    const [, word, rest = ''] = /^[ ]{0,3}([oO][kK]|[sS][kK][iI][pP]|FAIL)\s+(.+)$/.exec(line) ?? [];
    if (word === undefined) {
      if (failing === null) continue;
      if (/^\s+\S/.test(line)) failing.lines.push(line);
      else close();
      continue;
    }
    close();
    if (/^ok$/i.test(word)) {
      cases.push({ name: rest.replace(/\s{2,}\S+ m?s$/, '').trimEnd(), kind: 'ok', text: '' });
      continue;
    }
    const [name = rest, ...why] = rest.split(/:\s/);
    if (word === 'FAIL') failing = { name, lines: [why.join(': ')] };
    else cases.push({ name, kind: 'skip', text: why.join(': ') });
  }
  close();
  return cases;
}

function caseText(part: string, { name, kind, text }: Case): string {
  const open = `    <testcase classname="${escaped(part)}" name="${escaped(name)}"`;
  if (kind === 'ok') return `${open}/>`;
  const message = escaped(text.trim().split('\n')[0] ?? '');
  if (kind === 'skip') return `${open}><skipped message="${message}"/></testcase>`;
  return `${open}><failure message="${message}">${escaped(text)}</failure></testcase>`;
}

/** Cases that the part counts but does not name (uvu's; all without root) stand in one case for each kind; its numbers are those of the part. */
function suiteText({ name, counts, seconds, output, without }: PartReport): string {
  const cases = [...casesOf(output)];
  const count = (kind: Case['kind']): number => cases.filter(one => one.kind === kind).length;
  const [passed, skipped] = [counts.passed - count('ok'), counts.skipped - count('skip')];
  if (passed > 0) cases.push({ name: `${passed} more`, kind: 'ok', text: '' });
  if (skipped > 0)
    cases.push({ name: `${skipped} left out`, kind: 'skip', text: 'the part does not say which' });
  if (without !== undefined) cases.push({ name: 'the part itself', kind: 'fail', text: without });
  return [
    `  <testsuite name="${escaped(name)}" tests="${cases.length}" failures="${count('fail')}" skipped="${count('skip')}" time="${seconds.toFixed(3)}">`,
    ...cases.map(one => caseText(name, one)),
    '  </testsuite>',
  ].join('\n');
}

export const junitText = (parts: readonly PartReport[]): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${parts.map(part => `${suiteText(part)}\n`).join('')}</testsuites>\n`;
