import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { instructions } from '../../spec/instructions.js';
import { attempt, type Condition, ignoring, repeat, repeatWhile, retrying, when } from './control.js';
import { type Slot, slot } from './operand.js';
import { branch, type Line, move, sys } from './step.js';

const seen = slot('seen');
const say = (value: number): Line => move(seen, value);

/** Walks the lines as the engine would; system calls fail with what is `failing`. Gives what was said. */
function run(lines: readonly Line[], cells: ReadonlyMap<Slot, number> = new Map(), failing = ''): unknown[] {
  const said: unknown[] = [];
  const values = new Map(cells);
  const value = (x: unknown): number =>
    typeof x === 'number' ? x : (values.get(x as Slot) ?? Number((x as Slot).initial[0]));
  const holds = (sub: number, a: number, b: number): boolean => {
    const { EQ, NE, LT, LE, GT, GE, ANY, NONE, ALWAYS } = instructions.BRANCH.subs;
    const results = new Map([
      [EQ, a === b],
      [NE, a !== b],
      [LT, a < b],
      [LE, a <= b],
      [GT, a > b],
      [GE, a >= b],
      [ANY, (a & b) !== 0],
      [NONE, (a & b) === 0],
      [ALWAYS, true],
    ] as const);
    return results.get(sub as 0) ?? false;
  };
  for (let at = 0, steps = 0; at < lines.length; at++) {
    assert.ok(steps++ < 100, 'endless');
    const line = lines[at];
    if (line === undefined || line.kind === 'label') continue;
    const { op, sub, args, dst, errnos, target } = line;
    const goesOn =
      (op === 'BRANCH' && holds(sub, value(args[0]), value(args[1]))) ||
      (op === 'SYSCALL' && (errnos as readonly string[]).includes(failing));
    if (goesOn && target !== null) at = lines.indexOf(target);
    else if (op === 'MOVE' && dst === seen) said.push(args[0]);
    else if (op === 'MOVE' && dst !== null) values.set(dst as Slot, value(args[0]));
  }
  return said;
}

const conditions: readonly (readonly [Condition, holds: number, fails: number])[] = [
  ['EQ', 4, 5],
  ['NE', 5, 4],
  ['LT', 3, 4],
  ['LE', 4, 5],
  ['GT', 5, 4],
  ['GE', 4, 3],
  ['ANY', 6, 3],
  ['NONE', 3, 4],
];

test('when: one of the two, then what stands behind', () => {
  for (const [comparison, holds, fails] of conditions) {
    const x = slot('x');
    const both = [...when(x, comparison, 4, [say(1)], [say(2)]), say(3)];
    assert.equal(run(both, new Map([[x, holds]])), [1, 3], comparison);
    assert.equal(run(both, new Map([[x, fails]])), [2, 3], comparison);
    const one = [...when(x, comparison, 4, [say(1)]), say(3)];
    assert.equal(run(one, new Map([[x, holds]])), [1, 3], comparison);
    assert.equal(run(one, new Map([[x, fails]])), [3], comparison);
    const other = [...when(x, comparison, 4, [], [say(2)]), say(3)];
    assert.equal(run(other, new Map([[x, holds]])), [3], comparison);
    assert.equal(run(other, new Map([[x, fails]])), [2, 3], comparison);
  }
  assert.equal(when(slot('x'), 'EQ', 0, []), []);
});

test('when without an else costs one branch, with one a jump more', () => {
  const steps = (lines: readonly Line[]): number => lines.filter(l => l.kind === 'step').length;
  assert.is(steps(when(slot('x'), 'EQ', 0, [say(1)])), 2);
  assert.is(steps(when(slot('x'), 'EQ', 0, [say(1)], [say(2)])), 4);
});

test('attempt: what stands in the place of a body that fails with one of the errnos', () => {
  const lines = [...attempt(['ENOENT'], on => [sys('umask', [0], on), say(1)], [say(2)]), say(3)];
  assert.equal(run(lines), [1, 3]);
  assert.equal(run(lines, new Map(), 'ENOENT'), [2, 3]);
});

test('ignoring: the rest of the body is left out, and nothing else', () => {
  const lines = [...ignoring(['ESRCH'], on => [say(1), sys('umask', [0], on), say(2)]), say(3)];
  assert.equal(run(lines), [1, 2, 3]);
  assert.equal(run(lines, new Map(), 'ESRCH'), [1, 3]);
});

test('retrying: from its beginning, until nothing of it fails so', () => {
  const x = slot('x');
  const lines = retrying(['EINVAL'], on => [
    ...when(x, 'EQ', 1, [say(9), move(x, 2)], [say(8), move(x, 1)]),
    ...when(x, 'EQ', 1, [sys('umask', [0], on)]),
    say(1),
  ]);
  assert.equal(run(lines, new Map(), 'EINVAL'), [8, 9, 1]);
  assert.equal(run(lines, new Map(), 'ESRCH'), [8, 1]);
});

test('repeat: until it leaves', () => {
  const x = slot('x');
  const lines = [
    ...repeat(({ again, leave }) => [
      branch(x, 'EQ', 2, leave),
      ...when(x, 'EQ', 1, [move(x, 2), say(7), branch(0, 'EQ', 0, again)]),
      move(x, 1),
      say(6),
    ]),
    say(8),
  ];
  assert.equal(run(lines), [6, 7, 8]);
});

test('repeatWhile: once at least', () => {
  const x = slot('x');
  assert.equal(run([...repeatWhile(x, 'EQ', 0, [say(1)]), say(2)], new Map([[x, 3]])), [1, 2]);
  const twice = repeatWhile(x, 'EQ', 1, [
    say(1),
    ...when(x, 'EQ', 1, [move(x, 2)]),
    ...when(x, 'EQ', 0, [move(x, 1)]),
  ]);
  assert.equal(run([...twice, say(2)]), [1, 1, 2]);
});

test.run();
