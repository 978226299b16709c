import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseResult } from './result.js';

const bytes = (text: string) => Buffer.from(text);

test('files, the kernel log and the exit code', () => {
  const result = parseResult(bytes('file a b 3\n1\n2file kernel-log 4\nlog\nexit 7\n'));
  assert.is(result?.exitCode, 7);
  assert.is(result?.kernelLog, 'log\n');
  assert.equal(
    [...(result?.files ?? [])].map(([name, content]) => [name, content.toString()]),
    [['a b', '1\n2']],
  );
});

test('a machine that stopped in between has no result', () => {
  for (const text of ['', 'file a 3\n1', 'file a 3\n123', 'file a 3\n123ex', 'nonsense\nexit 0\n'])
    assert.is(parseResult(bytes(text)), null, JSON.stringify(text));
});

test('what looks like an end inside a file is not one', () => {
  assert.is(parseResult(bytes('file a 7\nexit 0\nexit 3\n'))?.exitCode, 3);
});

test.run();
