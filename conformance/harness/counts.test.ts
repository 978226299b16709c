import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { countsLine, countsOf, failuresOf, lastWords, nameOfFailure, skipsOf } from './counts.js';

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

test('failures with what is said below them', () => {
  const output = [
    'ok    a',
    'FAIL  6.12  b  (1 s)',
    '      expected 1',
    '',
    '      found 2',
    'ok    c',
    ' \u001b[41m FAIL \u001b[49m d "text"',
    '    Expected values',
    '',
    'FAIL e: with a reason',
    '1 passed, 3 failed, 0 skipped',
    '',
  ].join('\n');
  assert.equal(failuresOf(output), [
    'FAIL  6.12  b  (1 s)\n      expected 1\n\n      found 2',
    '  FAIL  d "text"\n    Expected values',
    'FAIL e: with a reason',
  ]);
});

test('a long failure is cut', () => {
  assert.is(failuresOf(`FAIL a\n${'  line\n'.repeat(100)}ok b\n`)[0]?.split('\n').length, 12);
});

test('the name of a failure is one line', () => {
  assert.is(nameOfFailure('unit:   FAIL  "a b"\n    Expected'), 'unit: FAIL "a b"');
  assert.is(nameOfFailure(`FAIL ${'x'.repeat(500)}`).length, 160);
});

test('the end of a program begins with its error', () => {
  const stack = [
    'ok a',
    'file:///x.mjs:7',
    '    throw new Error();',
    '',
    "Error: ENOENT: no such file or directory, open 'a'",
    '    at start (x:1:2)',
    '',
    'Node.js v20.20.2',
  ];
  const words = lastWords(`${stack.join('\n')}\n`);
  assert.is(words.split('\n')[0], stack[4]);
  assert.match(words, /\n {6} {4}at start \(x:1:2\)\n {6}Node\.js v20\.20\.2$/);
  assert.is(lastWords('a\nunshare: error: no\nb\n').split('\n')[0], 'unshare: error: no');
  assert.is(lastWords('a\nKilled\n').split('\n')[0], 'Killed');
  assert.is(lastWords(''), 'it said nothing');
  assert.is(lastWords('line\n'.repeat(100)).split('\n').length, 26);
});

test.run();
