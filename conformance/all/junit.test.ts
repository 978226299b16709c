import { spawnSync } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { casesOf, filesOfTests, junitText } from './junit.js';

const output = [
  'ok    hooks/a <b> & "c"  12 ms',
  'FAIL  hooks/d: it\u0000 failed',
  '      1, not \u001b[31m2\u001b[0m ]]>',
  '',
  'not a case',
  'skip  hooks/e: no kernel: 6.1',
  '2 passed, 1 failed, 1 skipped',
].join('\n');
const report = {
  name: 'hooks',
  counts: { passed: 2, failed: 1, skipped: 1 },
  seconds: 1.5,
  output,
};

test('names of cases are those of the lines', () => {
  assert.equal(
    casesOf(output).map(({ name, kind }) => [kind, name]),
    [
      ['ok', 'hooks/a <b> & "c"'],
      ['fail', 'hooks/d'],
      ['skip', 'hooks/e'],
    ],
  );
  assert.match(casesOf(output)[1]?.text ?? '', /failed\n +1, not 2 ]]>$/);
  assert.is(casesOf(output)[2]?.text, 'no kernel: 6.1');
});

test('words that only look like it are no cases', () => {
  assert.equal(
    casesOf('Fail x: y\nfail x\nOK x\nSkip a: b').map(({ name, kind }) => `${kind} ${name}`),
    ['ok x', 'skip a'],
  );
});

test('what is left out without a line is in the report', () => {
  const counts = { passed: 0, failed: 0, skipped: 7 };
  const xml = junitText([{ ...report, counts, output: 'not root: nothing can be tested\n' }]);
  assert.match(xml, /tests="1" failures="0" skipped="1"/);
  assert.match(xml, /name="left out"><skipped message="7; the part does not say which"\/>/);
  assert.not.match(junitText([report]), /left out/);
});

test('a time is no part of the name, in any of the forms', () => {
  const lines = [
    'ok    a/b                 0.5 s',
    'ok   6.12  fork: three (0.5 s)',
    'FAIL  6.1   lab/x  (0.5 s)\n      why',
    'skip  user/a  0.5 s  no netavark',
    'ok    waits (2 s) for it',
    'FAIL  a: waited  2 times',
  ].join('\n');
  assert.equal(
    casesOf(lines).map(({ name, text, seconds }) => [name, text.trim(), seconds]),
    [
      ['a/b', '', 0.5],
      ['6.12  fork: three', '', 0.5],
      ['6.1   lab/x', 'why', 0.5],
      ['user/a', 'no netavark', 0.5],
      ['waits (2 s) for it', '', undefined],
      ['a', 'waited  2 times', undefined],
    ],
  );
});

const ofUvu = [
  '\u001b[1m\u001b[4m\u001b[37ma/one.test.mjs\u001b[22m\u001b[24m\u001b[39m',
  '\u001b[90m• \u001b[39m\u001b[31m✘ \u001b[39mhello',
  '\u001b[31m  (1 / 2)',
  '\u001b[39m',
  '  \u001b[1m\u001b[41m FAIL \u001b[22m\u001b[49m "\u001b[31mtwo\u001b[39m"',
  '    Expected values to be equal',
  '',
  'a/two.test.mjs',
  '• •   (2 / 2)',
  '',
  'a/none.test.mjs',
  '',
  '  Total:     4',
  '  Passed:    3',
  '  Skipped:   0',
  '  Duration:  1.00ms',
].join('\n');

test('a file of unit tests is a case; one that ran none has failed', () => {
  assert.equal(
    filesOfTests(ofUvu).map(({ name, kind, text }) => [name, kind, text]),
    [
      ['a/one.test', 'fail', '1 of 2 tests failed\n   FAIL  "two"\n    Expected values to be equal'],
      ['a/two.test', 'ok', ''],
      ['a/none.test', 'fail', '0 of 0 tests failed'],
    ],
  );
  const xml = junitText([{ ...report, counts: { passed: 3, failed: 1, skipped: 0 }, output: ofUvu }]);
  assert.match(xml, /tests="3" failures="2" skipped="0"/);
});

test('the report is well-formed, and what is only counted is in it', () => {
  const xml = junitText([report, { ...report, without: 'exit code 1' }]);
  const script = [
    'import sys, xml.etree.ElementTree as t',
    'r = t.fromstring(sys.stdin.buffer.read())',
    'print([(s.get("tests"), s.get("failures"), s.get("skipped")) for s in r], r[0][0].get("name"), r[0][1][0].get("message"))',
  ].join('\n');
  const { status, stdout, stderr } = spawnSync('python3', ['-c', script], { input: xml, encoding: 'utf8' });
  assert.is(status, 0, stderr);
  assert.is(stdout, `[('4', '1', '1'), ('5', '2', '1')] hooks/a <b> & "c" it\ufffd failed\n`);
});

test.run();
