import { spawnSync } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { casesOf, junitText } from './junit.js';

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
  assert.match(xml, /name="7 left out"><skipped message="the part does not say which"\/>/);
  assert.not.match(junitText([report]), /left out/);
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
