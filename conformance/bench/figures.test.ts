import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { find, quantile, type Result, standing } from './figures.js';
import { encodePlan, type Outcome, type Series } from './plan.js';
import { plot } from './plot.js';
import { aligned, timeRows } from './table.js';
import { judge } from './targets.js';

const series = (label: string, ms: readonly number[], memory = 100): Series => ({
  label,
  kind: 'time',
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
    contestants: [{ name: 'a', steps: [{ kind: 'time', label: 'run', argv: ['/bin/true', 'x y'] }] }],
  });
  assert.is(
    text,
    'seed\t1\nrounds\t2\nwarmup\t0\ngap\t250\ntmpfs\t/run\ncontender\ta\ntime\trun\t/bin/true\tx y\n',
  );
});

test('the plot escapes what it is given', () => {
  const svg = plot([result('run', measured('a<b', series('run', [1])))], 'x & y');
  assert.ok(svg.includes('x &amp; y'));
  assert.ok(svg.includes('a&lt;b'));
  assert.not.ok(svg.includes('a<b'));
});

test.run();
