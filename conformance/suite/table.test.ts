import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { deviations } from './expected.js';
import { deservesAnother, formatSummary, formatTable, judge, type Outcome } from './table.js';

const listed = deviations.find(entry => entry.sometimes === undefined);
const passed: Outcome = { kind: 'passed' };
const failed: Outcome = { kind: 'failed', reason: 'umask is 22' };
const verdict = (runtime: string, name: string, outcome: Outcome) =>
  judge({ runtime, caller: 'root', name, outcome, milliseconds: 1 });

test('a pass and a failure that nobody listed', () => {
  assert.is(verdict('runc', 'x/y', passed).word, 'ok');
  assert.is(verdict('runc', 'x/y', failed).word, 'FAIL');
});

test('a listed deviation counts as passed only while it deviates', () => {
  assert.ok(listed);
  if (listed === undefined) return;
  assert.is(verdict(listed.runtime, listed.case, failed).word, 'differs');
  assert.is(verdict(listed.runtime, listed.case, passed).word, 'FAIL');
});

test('our own runtime has no deviations', () => {
  if (listed === undefined) return;
  assert.is(verdict('chos-runtime', listed.case, failed).word, 'FAIL');
  assert.not.ok(deviations.some(({ runtime }) => !['crun', 'runc'].includes(runtime)));
});

test('a peer whose result nobody expects is asked again, our own runtime never', () => {
  const asked = (runtime: string, name: string, outcome: Outcome) =>
    deservesAnother({ runtime, caller: 'root', name, outcome, milliseconds: 1 });
  assert.ok(asked('runc', 'x/y', failed));
  assert.not.ok(asked('runc', 'x/y', passed));
  assert.not.ok(asked('chos-runtime', 'x/y', failed));
  if (listed === undefined) return;
  assert.ok(asked(listed.runtime, listed.case, passed));
  assert.not.ok(asked(listed.runtime, listed.case, failed));
  const unsteady = judge({
    runtime: 'runc',
    caller: 'root',
    name: 'x/y',
    outcome: passed,
    milliseconds: 1,
    unsteady: 'exit 141',
  });
  assert.is(unsteady.word, 'unsteady');
  assert.is(unsteady.reason, 'exit 141');
});

test('every deviation has a reason and stands once', () => {
  const keys = deviations.map(entry => `${entry.runtime} ${entry.case}`);
  assert.is(new Set(keys).size, keys.length);
  assert.ok(deviations.every(({ reason }) => reason.length > 10));
});

test('table and closing line', () => {
  const verdicts = [
    verdict('runc', 'a/b', passed),
    verdict('chos', 'a/b', failed),
    verdict('runc', 'c/d', { kind: 'skipped', reason: 'no swap' }),
    verdict('chos', 'c/d', passed),
  ];
  assert.is(formatSummary(verdicts), '2 passed, 1 failed, 1 skipped');
  assert.is(
    formatTable(verdicts),
    [
      'case  runc     chos',
      'a/b   ok       FAIL',
      'c/d   skip     ok',
      '',
      'FAIL  chos  a/b: umask is 22',
      'skip  runc  c/d: no swap',
    ].join('\n'),
  );
});

test.run();
