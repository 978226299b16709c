import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { MachineOutcome } from '../vm/machine.js';
import { verdictsOf } from './verdicts.js';

const outcome = (change: Partial<MachineOutcome>): MachineOutcome => ({
  ending: { kind: 'exit', exitCode: change.exitCode ?? 0 },
  exitCode: 0,
  output: '',
  kernelLog: '',
  complaints: [],
  console: '',
  files: new Map(),
  seconds: { firstLine: 1, total: 2 },
  ...change,
});

test('two programs that passed', () => {
  const output = 'ok   a (0.1 s)\nok   b\n2 passed, 0 failed\nok   c\n1 passed, 0 failed\n';
  const verdicts = verdictsOf(outcome({ output }));
  assert.equal([verdicts.passed, verdicts.failed], [3, 0]);
  assert.equal(verdicts.lines, ['ok   a (0.1 s)', 'ok   b', 'ok   c']);
});

test('a failure is counted once', () => {
  const verdicts = verdictsOf(
    outcome({ exitCode: 1, output: '  why\nFAIL a\nok   b\n1 passed, 1 failed\n' }),
  );
  assert.equal([verdicts.passed, verdicts.failed], [1, 1]);
  assert.equal(verdicts.lines, ['  why', 'FAIL a', 'ok   b']);
});

test('a program that was cut off has failed', () => {
  const verdicts = verdictsOf(outcome({ output: 'ok   a\n' }));
  assert.equal([verdicts.passed, verdicts.failed], [1, 1]);
});

test('nothing at all has failed', () => {
  assert.is(verdictsOf(outcome({})).failed, 1);
});

test('an exit code without a failure, and a failure without one', () => {
  assert.is(verdictsOf(outcome({ exitCode: 3, output: 'ok   a\n1 passed, 0 failed\n' })).failed, 1);
  assert.is(verdictsOf(outcome({ output: 'FAIL a\n0 passed, 1 failed\n' })).failed, 2);
});

test('a panic, and each complaint of the kernel', () => {
  const verdicts = verdictsOf(
    outcome({
      ending: { kind: 'panic' },
      exitCode: -1,
      output: 'ok   a\n1 passed, 0 failed\n',
      complaints: ['[1.0] WARNING: x', '[1.1] Kernel panic'],
    }),
  );
  assert.is(verdicts.failed, 3);
  assert.ok(verdicts.lines.includes('FAIL the kernel: [1.0] WARNING: x'));
});

test.run();
