import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { countsLine, countsOf, skipsOf } from './counts.js';

test('the last line of counts is the one that holds', () => {
  assert.equal(countsOf('1 passed, 2 failed\n3 passed, 0 failed, 4 skipped\n'), {
    passed: 3,
    failed: 0,
    skipped: 4,
  });
});

test('a line of counts stands alone', () => {
  assert.is(countsOf('case: 1 passed, 2 failed\n'), null);
});

test('the summary of uvu, coloured', () => {
  assert.equal(countsOf('\n  Total:     10\u001b[32m\n  Passed:    8\u001b[39m\n  Skipped:   1\n'), {
    passed: 8,
    failed: 2,
    skipped: 1,
  });
});

test('what is written is read', () => {
  const counts = { passed: 3, failed: 1, skipped: 0 };
  assert.equal(countsOf(`ok    a\n${countsLine(counts)}\n`), counts);
});

test('no counts at all', () => {
  assert.is(countsOf('Segmentation fault\n'), null);
});

test('reasons of skips', () => {
  assert.equal(skipsOf('ok a\nSKIP  b: no netavark\nskip  crun  c: too old\n'), [
    'b: no netavark',
    'crun  c: too old',
  ]);
});

test.run();
