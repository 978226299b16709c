import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Config } from '../../spec/generated/config.js';
import { writeBundle } from './bundle.js';
import { rewriteFigures } from './docs.js';
import { find, quantile, type Result, standing } from './figures.js';
import { encodePlan, type Outcome, type Series } from './plan.js';
import { plot } from './plot.js';
import { aligned, timeRows } from './table.js';
import { judge } from './targets.js';

const series = (label: string, ms: readonly number[], memory = 100): Series => ({
  label,
  kind: 'time',
  each: 1,
  values: ms.map(value => value * 1e6),
  memory: ms.map(() => memory),
});
const measured = (name: string, ...all: readonly Series[]): Outcome => ({
  name,
  status: 'measured',
  series: all,
});
const result = (id: string, ...outcomes: readonly Outcome[]): Result => ({
  id,
  title: `title of ${id}`,
  gap: 0,
  standings: outcomes.map(outcome => standing(outcome, id === 'cycle')),
});

test('a quantile between two values is interpolated', () => {
  assert.is(quantile([4, 1, 3, 2], 0.5), 2.5);
  assert.is(quantile([10], 0.9), 10);
});

test('the total of a cycle is the median of the sums, not the sum of the medians', () => {
  const results = [
    result('cycle', measured('crun', series('create', [1, 2, 9]), series('delete', [9, 1, 1], 300))),
  ];
  const total = find(results, 'cycle', 'crun', 'total');
  assert.is(total?.median, 10);
  assert.is(total?.memory, 300);
});

test('a target is judged by the ratio of medians, and only if both sides were measured', () => {
  const results = [
    result(
      'run',
      measured('compiled', series('run', [4, 5, 6])),
      measured('crun', series('run', [10, 9, 11])),
    ),
  ];
  const [first, second] = judge(results);
  assert.equal([first?.measured, first?.met], ['0.50', true]);
  assert.equal([second?.measured, second?.met], [undefined, undefined]);
  const slower = [
    result('run', measured('compiled', series('run', [6])), measured('crun', series('run', [10]))),
  ];
  assert.is(judge(slower)[0]?.met, false);
});

test('a contender without figures leaves its column empty', () => {
  const absent: Outcome = { name: 'runc', status: 'absent', reason: 'not there' };
  const rows = timeRows([result('run', measured('crun', series('run', [10])), absent)], ['crun', 'runc']);
  assert.equal(rows[1], ['title of run (ms)', '10.0', '', '', '']);
  assert.ok(aligned(rows).includes('title of run (ms)'));
});

test('a plan is lines of tab-separated words, preparation before contenders', () => {
  const text = encodePlan({
    seed: 1,
    rounds: 2,
    warmup: 0,
    gap: 250,
    prepare: [['tmpfs', '/run']],
    contestants: [
      {
        name: 'a',
        steps: [
          { kind: 'time', label: 'run', argv: ['/bin/true', 'x y'] },
          { kind: 'burst', label: 'one', count: 8, argv: ['/bin/true', '{i}'] },
          { kind: 'last', label: 'peak', key: 'VmHWM:', pidFile: '/run/p' },
        ],
      },
    ],
  });
  assert.is(
    text,
    'seed\t1\nrounds\t2\nwarmup\t0\ngap\t250\ntmpfs\t/run\ncontender\ta\ntime\trun\t/bin/true\tx y\nburst\tone\t8\t/bin/true\t{i}\nlast\tpeak\tVmHWM:\t/run/p\n',
  );
});

test('of many commands it is told how long one takes, and of those of one moment the slowest of each round', () => {
  const burst: Series = { ...series('one', [1, 3, 2, 4, 8, 6]), kind: 'burst', each: 3 };
  const { figures } = standing(measured('warm', burst), false);
  const shown = figures.map(({ label, median }) => [label, Math.round(median * 10) / 10]);
  assert.equal(shown, [
    ['one, p50', 3.5],
    ['one, p95', 7.5],
    ['one, p99', 7.9],
    ['the slowest', 5.5],
  ]);
  const later = standing(measured('warm', { ...burst, kind: 'series' }), false).figures;
  assert.equal(
    later.map(({ label }) => label),
    ['one, p50', 'one, p95', 'one, p99'],
  );
});

test('what the service takes is judged by what it took after the first thousand, and shown in KiB', () => {
  const kib = (label: string, value: number): Series => ({
    ...series(label, []),
    kind: 'status',
    values: [value],
  });
  const results = [
    result(
      'service-10000',
      measured('warm', kib('after 1000: resident', 70_000), kib('after 10000: resident', 77_000)),
    ),
  ];
  const verdicts = judge(results).filter(({ measured }) => measured !== undefined);
  assert.equal(
    verdicts.map(({ measured, met }) => [measured, met]),
    [
      ['77000 KiB', true],
      ['1.10', false],
    ],
  );
  assert.ok(
    verdicts.every(({ apart }) => apart),
    'they are published with the run that measures them',
  );
  const [, row] = timeRows(results, ['warm']);
  assert.equal(row?.slice(0, 2), ['title of service-10000: after 1000: resident (KiB)', '70000']);
});

test('with Bun as with Node: each target of a warm start is judged against both cruns', () => {
  const one = (name: string, ms: number): Outcome => measured(name, series('create', [ms]));
  const results = [
    result('warm-create', one('warm', 4), one('warm, Bun', 3), one('crun', 10), one('crun, sid', 5)),
  ];
  const told = judge(results).flatMap(({ what, measured, met }) =>
    measured === undefined ? [] : [[what, measured, met]],
  );
  const what = 'warm create, the same again';
  assert.equal(told, [
    [what, '0.40', true],
    [what, '0.80', false],
    [`${what}, Bun`, '0.30', true],
    [`${what}, Bun`, '0.60', true],
  ]);
});

test('bundles that were never seen differ in names and in the order of mounts, and no mount hides another', () => {
  const directory = mkdtempSync(join(tmpdir(), 'chosbench-test-'));
  try {
    const of = (other: number) => {
      const bundle = writeBundle(directory, `b${other}`, '/r', { args: ['true'], other });
      return JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8')) as Config;
    };
    const [one, two] = [of(0), of(1)];
    const places = ({ mounts }: Config) => (mounts ?? []).map(({ destination }) => destination);
    assert.equal([...places(one)].sort(), [...places(two)].sort());
    assert.not.equal(places(one), places(two));
    assert.is.not(one.hostname, two.hostname);
    assert.is.not(one.linux?.cgroupsPath, two.linux?.cgroupsPath);
    for (const all of [places(one), places(two)])
      for (const [i, place] of all.entries())
        assert.not.ok(
          all.slice(i + 1).some(later => place.startsWith(`${later}/`)),
          `${place} is hidden`,
        );
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('each kind of figures has its place in the page', () => {
  const directory = mkdtempSync(join(tmpdir(), 'chosbench-test-'));
  try {
    const page = join(directory, 'page');
    copyFileSync('docs/benchmarks.md', page);
    for (const place of ['figures', 'figures of long runs'] as const)
      assert.is(rewriteFigures(page, place, `NEW ${place}.`).status, 'written');
    const text = readFileSync(page, 'utf8');
    assert.ok(text.includes('\nNEW figures.\n'));
    assert.ok(text.includes('\nNEW figures of long runs.\n'));
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('the plot escapes what it is given', () => {
  const svg = plot([result('run', measured('a<b', series('run', [1])))], 'x & y');
  assert.ok(svg.includes('x &amp; y'));
  assert.ok(svg.includes('a&lt;b'));
  assert.not.ok(svg.includes('a<b'));
});

test.run();
