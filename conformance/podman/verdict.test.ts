import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatSummary, judge, lostOutput, type Outcome, type Result } from './verdict.js';

const result = (outcome: Outcome): Result => ({ name: 'a/b', outcome, milliseconds: 1 });
const saw = (seen: unknown, complaint = '', compared = seen): Outcome => ({
  kind: 'seen',
  seen,
  compared,
  complaint,
});

test('the same seen under both is a pass', () => {
  assert.is(judge(result(saw({ code: 0 })), result(saw({ code: 0 })), 'crun').word, 'ok');
});

test('a difference is a failure that shows both', () => {
  const verdict = judge(result(saw({ code: 1 })), result(saw({ code: 0 })), 'crun');
  assert.is(verdict.word, 'FAIL');
  assert.is(verdict.reason, 'seen {"code":1}; under crun {"code":0}');
});

test('what the case does not compare may differ', () => {
  assert.is(judge(result(saw('a', '', 'same')), result(saw('b', '', 'same')), 'crun').word, 'ok');
});

test('a complaint fails the case even where the reference shows the same', () => {
  assert.is(judge(result(saw(1, 'want 2')), result(saw(1, 'want 2')), 'crun').word, 'FAIL');
});

test('a reference that is wrong is no measure', () => {
  const verdict = judge(result(saw(1)), result(saw(2, 'want 1')), 'crun');
  assert.equal(verdict, { name: 'a/b', word: 'ok', reason: 'crun is wrong: want 1' });
});

test('what could not be observed is a failure', () => {
  assert.is(judge(result({ kind: 'broken', reason: 'deadline passed' }), undefined, 'crun').word, 'FAIL');
});

test('output is lost where a success has said nothing, and something was to come', () => {
  const silent = { code: 0, stdout: '', stderr: '' };
  assert.is(lostOutput(saw(silent, 'want ok')), true);
  assert.is(lostOutput(saw(silent)), false);
  assert.is(lostOutput(saw({ ...silent, code: 1 }, 'want ok')), false);
  assert.is(lostOutput(saw({ ...silent, stderr: 'why' }, 'want ok')), false);
  assert.is(lostOutput(saw({ ...silent, stdout: 'k' }, 'want ok')), false);
  assert.is(lostOutput({ kind: 'broken', reason: 'want ok' }), false);
});

test('the summary counts each word', () => {
  const words = ['ok', 'ok', 'FAIL', 'skip'] as const;
  assert.is(
    formatSummary(words.map(word => ({ name: '', word, reason: '' }))),
    '2 passed, 1 failed, 1 skipped',
  );
});

test.run();
