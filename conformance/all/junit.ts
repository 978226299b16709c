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
  /** Not in the name, which stays the same from run to run. */
  readonly seconds?: number;
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

/** `NAME  12 ms`, `NAME  0.5 s  WHY`, `NAME (0.5 s)`: the parts tell what a case took in these ways. */
const timed = /^(.*?)(?:\s{2,}(\d+(?:\.\d+)?) (m?s)(?=\s|$)|\s+\((\d+(?:\.\d+)?) (m?s)\)(?=$|:))(.*)$/;

function headOf(
  rest: string,
  kind: Case['kind'],
): { readonly name: string; readonly text: string; readonly seconds?: number } {
  const [, before, number, unit, inBrackets, unitThere, after = ''] = timed.exec(rest) ?? [];
  const figure = number ?? inBrackets;
  if (before !== undefined && figure !== undefined)
    return {
      name: before.trimEnd(),
      text: after.replace(/^:?\s+/, ''),
      seconds: Number(figure) / ((unit ?? unitThere) === 'ms' ? 1000 : 1),
    };
  if (kind === 'ok') return { name: rest.trimEnd(), text: '' };
  const [name = rest, ...why] = rest.split(/:\s/);
  return { name, text: why.join(': ') };
}

/** A file of unit tests as uvu shows it: its name, a mark for each test, how many of them passed. What stands between these is of the tests themselves. */
const fileOfTests = /^(\S+\.test)\.mjs$/;
const marks = /\s{2}\((\d+) \/ (\d+)\)$/;

/** One case for each file of unit tests: uvu names those of its tests that fail, and no others. */
export function filesOfTests(output: string): readonly Case[] {
  const files: { name: string; ran: boolean; passed: number; total: number; lines: string[] }[] = [];
  for (const line of output.replace(colours, '').split('\n')) {
    const name = fileOfTests.exec(line)?.[1];
    if (name !== undefined) files.push({ name, ran: false, passed: 0, total: 0, lines: [] });
    const file = files.at(-1);
    if (file === undefined || name !== undefined) continue;
    const counted = marks.exec(line);
    if (counted !== null) {
      file.ran = true;
      file.passed += Number(counted[1]);
      file.total += Number(counted[2]);
    } else if (/^\s+\S/.test(line) && !/^ {2}(Total|Passed|Skipped|Duration): /.test(line))
      file.lines.push(line);
  }
  return files.map(({ name, ran, passed, total, lines }) =>
    ran && passed === total
      ? { name, kind: 'ok', text: '' }
      : { name, kind: 'fail', text: [`${total - passed} of ${total} tests failed`, ...lines].join('\n') },
  );
}

/** Lines `ok NAME`, `skip NAME: WHY` in any case, `FAIL NAME: WHY` in capitals, as counts.ts reads them; what is indented below a failure belongs to it. */
export function casesOf(output: string): readonly Case[] {
  const cases: Case[] = [];
  let failing: { readonly head: ReturnType<typeof headOf>; readonly lines: string[] } | null = null;
  const close = (): void => {
    if (failing !== null)
      cases.push({ ...failing.head, kind: 'fail', text: [failing.head.text, ...failing.lines].join('\n') });
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
    const kind = word === 'FAIL' ? 'fail' : /^ok$/i.test(word) ? 'ok' : 'skip';
    if (kind === 'fail') failing = { head: headOf(rest, kind), lines: [] };
    else cases.push({ ...headOf(rest, kind), kind });
  }
  close();
  return cases;
}

function caseText(part: string, { name, kind, text, seconds }: Case): string {
  const time = seconds === undefined ? '' : ` time="${seconds.toFixed(3)}"`;
  const open = `    <testcase classname="${escaped(part)}" name="${escaped(name)}"${time}`;
  if (kind === 'ok') return `${open}/>`;
  const message = escaped(text.trim().split('\n')[0] ?? '');
  if (kind === 'skip') return `${open}><skipped message="${message}"/></testcase>`;
  return `${open}><failure message="${message}">${escaped(text)}</failure></testcase>`;
}

/** Cases that a part counts but does not name (all of one without root) stand in one case for each kind, whose name is the same in each run. */
function suiteText({ name, counts, seconds, output, without }: PartReport): string {
  const files = filesOfTests(output);
  const cases = [...(files.length > 0 ? files : casesOf(output))];
  const count = (kind: Case['kind']): number => cases.filter(one => one.kind === kind).length;
  const skipped = counts.skipped - count('skip');
  if (files.length === 0 && counts.passed > count('ok'))
    cases.push({ name: 'the others', kind: 'ok', text: '' });
  if (skipped > 0)
    cases.push({ name: 'left out', kind: 'skip', text: `${skipped}; the part does not say which` });
  if (without !== undefined) cases.push({ name: 'the part itself', kind: 'fail', text: without });
  return [
    `  <testsuite name="${escaped(name)}" tests="${cases.length}" failures="${count('fail')}" skipped="${count('skip')}" time="${seconds.toFixed(3)}">`,
    ...cases.map(one => caseText(name, one)),
    '  </testsuite>',
  ].join('\n');
}

export const junitText = (parts: readonly PartReport[]): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${parts.map(part => `${suiteText(part)}\n`).join('')}</testsuites>\n`;
