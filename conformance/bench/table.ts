/** Results as rows of text; the terminal and docs/benchmarks.md differ only in how a row is drawn. */
import type { Figure, Result } from './figures.js';
import type { Verdict } from './targets.js';

export type Rows = readonly (readonly string[])[];

export const aligned = (rows: Rows): string => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  ');
  return rows.map(row => `${line(row).trimEnd()}\n`).join('');
};

export const markdown = (rows: Rows): string => {
  const [head, ...body] = rows.map(row => `| ${row.join(' | ')} |\n`);
  const rule = `|---|${(rows[0] ?? [])
    .slice(1)
    .map(() => '--:|')
    .join('')}\n`;
  return `${head}${rule}${body.join('')}`;
};

const number = (value: number, unit: Figure['unit']): string =>
  unit === 'ms' ? value.toFixed(value < 10 ? 2 : 1) : `${Math.round(value)}`;

const labelsOf = (result: Result): readonly string[] => [
  ...new Set(result.standings.flatMap(one => one.figures.map(({ label }) => label))),
];

const title = (result: Result, label: string): string =>
  label === 'run' || label === 'total' ? result.title : `${result.title}: ${label}`;

const ratio = (a: Figure | undefined, b: Figure | undefined): string =>
  a && b ? (a.median / b.median).toFixed(2) : '';

const ours = ['compiled', 'cold', 'warm'];
const isMemory = (result: Result, label: string): boolean =>
  result.standings.some(one => one.figures.some(found => found.label === label && found.unit === 'KiB'));

/** One row per scenario and command, one column per contender, then our ratio to crun and to the floor. */
export const timeRows = (results: readonly Result[], names: readonly string[]): Rows => {
  const rows: (readonly string[])[] = [['', ...names, 'ours / crun', 'ours / floor']];
  for (const result of results)
    for (const label of labelsOf(result)) {
      const of = (name: string): Figure | undefined =>
        result.standings.find(one => one.name === name)?.figures.find(one => one.label === label);
      const cells = names.map(name => {
        const found = of(name);
        return found ? number(found.median, found.unit) : '';
      });
      if (cells.every(cell => cell === '')) continue;
      const own = ours.map(of).find(one => one !== undefined);
      const unit = isMemory(result, label) ? 'KiB' : 'ms';
      rows.push([
        `${title(result, label)} (${unit})`,
        ...cells,
        ratio(own, of('crun')),
        ratio(own, of('floor')),
      ]);
    }
  return rows;
};

const peakRow = (result: Result, label: string, names: readonly string[]): readonly string[] => [
  label === 'run' ? result.title : `${result.title}: ${label}`,
  ...names.map(name => {
    const found = result.standings
      .find(one => one.name === name)
      ?.figures.find(one => one.label === label && one.unit === 'ms');
    return found ? `${Math.round(found.memory)}` : '';
  }),
];

/** Peak memory in KiB: whole `run` (with what runs inside), and the commands alone. */
export const memoryRows = (results: readonly Result[], names: readonly string[]): Rows => {
  const rows: (readonly string[])[] = [['peak memory (KiB)', ...names]];
  for (const result of results) {
    if (result.id === 'run') rows.push(peakRow(result, 'run', names));
    if (result.id !== 'commands') continue;
    for (const label of labelsOf(result)) if (label !== 'init') rows.push(peakRow(result, label, names));
  }
  return rows;
};

export const verdictRows = (verdicts: readonly Verdict[]): Rows => [
  ['what', 'target', 'measured', 'met'],
  ...verdicts.map(({ what, target, measured, met }) => [
    what,
    target,
    measured ?? 'not measured',
    met === undefined ? '' : met ? 'yes' : 'NO',
  ]),
];

/** Who did not take part, once per contender and reason. */
export const missingRows = (results: readonly Result[]): Rows => {
  const seen = new Map<string, string[]>();
  for (const { id, standings } of results)
    for (const { name, missing } of standings)
      if (missing) {
        const key = `${name}: ${missing.status}: ${missing.reason}`;
        seen.set(key, [...(seen.get(key) ?? []), id]);
      }
  return [...seen].map(([key, ids]) => [key, `(${ids.join(', ')})`]);
};
