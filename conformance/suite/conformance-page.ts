/** docs/conformance.md, from the table of requirements and a recorded run. */
import type { Defence } from '../requirements/defences.js';
import type { Flaw } from '../requirements/flaws.js';
import type { Requirement } from '../requirements/requirement.js';
import { callerNames } from './callers.js';
import type { RecordedRun } from './record.js';

const ours = 'chos-runtime';

interface Column {
  readonly runtime: string;
  readonly title: string;
  readonly runs: readonly RecordedRun[];
}

/** The page as text; byte for byte the same for the same record. */
export function conformancePage(
  requirements: readonly Requirement[],
  flaws: readonly Flaw[],
  defences: readonly Defence[],
  runs: readonly RecordedRun[],
): string {
  const columns = columnsOf(runs);
  const pages = [...new Set(requirements.map(({ page }) => page))];
  const counts = columns.map(column => countOf(requirements, column));
  return [
    ...introduction(columns, runs, requirements.length),
    row(['', ...columns.map(({ title }) => title)]),
    row(['---', ...columns.map(() => '---')]),
    row(['requirements met, of those that were tried', ...counts]),
    '',
    ...pages.flatMap(page =>
      pageLines(
        requirements.filter(one => one.page === page),
        columns,
        page,
      ),
    ),
    ...flawLines(flaws, columns),
    ...defenceLines(defences),
  ].join('\n');
}

function introduction(
  columns: readonly Column[],
  runs: readonly RecordedRun[],
  count: number,
): readonly string[] {
  const kernels = [...new Set(runs.map(({ kernel }) => kernel))].join(', ');
  const days = [...new Set(runs.map(({ day }) => day))].sort();
  return [
    '# Conformance',
    '',
    'Written by `make docs/conformance.md`; do not edit. What the runtime specification 1.3 asks of a runtime on Linux',
    `(${count} sentences with MUST or SHOULD, ${'`conformance/requirements/`'}), and which cases of ${'`conformance/suite`'} prove it for`,
    `${columns.map(({ title }) => title).join(', ')}. Recorded on ${days.at(-1) ?? 'no day'} with Linux ${kernels}, cgroups of v1; \`make conformance-record\` records`,
    'it anew. Cases of `cgroup2` run in the virtual machine (`docs/vm.md`) as part of `make test`, and are not counted here.',
    '',
    'A cell has three marks: called by root, by a plain user (`spec --rootless`), and by root of a user namespace that the caller made (as rootless Podman does).',
    '`Y`: each case holds. `N`: one does not; why stands below the table. `-`: makes no sense for that caller, or the runtime has not the command; `?`: not recorded. A runtime may have an `N` for more than',
    'the sentence asks: a case also looks at what is left behind and at the words.',
    '',
  ];
}

function columnsOf(runs: readonly RecordedRun[]): readonly Column[] {
  const names = [...new Set(runs.map(({ runtime }) => runtime))];
  const sorted = [...names.filter(name => name === ours), ...names.filter(name => name !== ours).sort()];
  return sorted.map(runtime => {
    const own = runs.filter(run => run.runtime === runtime);
    return { runtime, title: `${runtime.replace(/-new$/, '')} ${own[0]?.version ?? ''}`, runs: own };
  });
}

function pageLines(
  requirements: readonly Requirement[],
  columns: readonly Column[],
  page: string,
): readonly string[] {
  const sections = [...new Set(requirements.map(({ section }) => section))];
  return [
    `## ${page}.md`,
    '',
    ...sections.flatMap(section => {
      const rows = requirements.filter(one => one.section === section);
      return [
        `### ${section}`,
        '',
        row(['', 'requirement', ...columns.map(({ title }) => title), 'cases']),
        row(['---', '---', ...columns.map(() => '---'), '---']),
        ...rows.map(one =>
          row([
            one.level,
            one.words,
            ...columns.map(column => cellOf(one, column)),
            one.cases.map(name => `\`${name}\``).join(' '),
          ]),
        ),
        '',
        ...differences(rows, columns),
      ];
    }),
  ];
}

function flawLines(flaws: readonly Flaw[], columns: readonly Column[]): readonly string[] {
  return [
    '## Flaws of other runtimes',
    '',
    'Each has cases that fail where the defence against it is taken out (`conformance/requirements/flaws.ts`); what is promised stands in [SECURITY.md](../SECURITY.md).',
    '',
    row(['flaw', 'what happened', ...columns.map(({ title }) => title), 'cases']),
    row(['---', '---', ...columns.map(() => '---'), '---']),
    ...flaws.map(one =>
      row([
        one.names,
        one.words,
        ...columns.map(column => cellOf(one, column)),
        one.cases.map(name => `\`${name}\``).join(' '),
      ]),
    ),
    '',
    ...differences(flaws, columns),
  ];
}

function defenceLines(defences: readonly Defence[]): readonly string[] {
  return [
    '## Defences',
    '',
    '`make flaws` takes out one after the other in a copy of the sources, and sees that the case fails (`conformance/requirements/defences.ts`).',
    '',
    row(['flaw', 'defence', 'where', 'fails without it']),
    row(['---', '---', '---', '---']),
    ...defences.map(({ flaw, words, where, edits, fails }) =>
      row([flaw, words, `\`${where}\` in \`${edits[0].file}\``, `\`${fails}\``]),
    ),
    '',
  ];
}

/** What cases are the proof of. */
type Proved = Pick<Requirement, 'cases'>;
type Mark = 'Y' | 'N' | '-' | '?';

function markOf(requirement: Proved, column: Column, caller: string): Mark {
  const run = column.runs.find(one => one.caller === caller);
  const seen = requirement.cases.flatMap(name => run?.seen[name] ?? []);
  if (seen.length === 0) return '?';
  if (seen.some(word => !word.startsWith('+') && !word.startsWith('~'))) return 'N';
  return seen.some(word => word.startsWith('+')) ? 'Y' : '-';
}

const cellOf = (requirement: Proved, column: Column): string =>
  callerNames.map(caller => markOf(requirement, column, caller)).join(' ');

function countOf(requirements: readonly Requirement[], column: Column): string {
  const marks = callerNames.map(caller =>
    requirements.map(one => markOf(one, column, caller)).filter(mark => mark === 'Y' || mark === 'N'),
  );
  return marks.map(own => `${own.filter(mark => mark === 'Y').length}/${own.length}`).join(' ');
}

/** One line for each reason, with the cases that it is the reason of. */
function differences(rows: readonly Proved[], columns: readonly Column[]): readonly string[] {
  const names = [...new Set(rows.flatMap(({ cases }) => cases))];
  const lines = columns.flatMap(column => {
    const reasons = new Map<string, Set<string>>();
    for (const run of column.runs)
      for (const name of names) {
        const word = run.seen[name];
        if (word === undefined || word.startsWith('+') || word.startsWith('~')) continue;
        reasons.set(word, (reasons.get(word) ?? new Set()).add(name));
      }
    return [...reasons].map(
      ([reason, cases]) =>
        `- ${column.title}: ${reason.replace(/[|<>`*_]/g, ' ')} (${[...cases].map(name => `\`${name}\``).join(', ')})`,
    );
  });
  return lines.length === 0 ? [] : [...lines, ''];
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
