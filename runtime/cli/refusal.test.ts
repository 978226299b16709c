import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Diagnostic } from '../admit/diagnostic.js';
import { refusedInput } from './refusal.js';

const fault = (line: number): Diagnostic => ({
  file: 'f.json',
  line,
  column: 1,
  length: 1,
  path: `a[${line}]`,
  what: { kind: 'no-directory', code: 'ENOENT' },
  found: '1',
  sourceLine: 'x',
});
const detailOf = (count: number): readonly string[] => {
  const failure = refusedInput(Array.from({ length: count }, (_, i) => fault(i + 1)));
  return failure.kind === 'refused-input' ? failure.detail.split('\n') : [];
};

test('each fault is drawn, of very many the first ones', () => {
  const drawn = (lines: readonly string[]) => lines.filter(line => line === '^').length;
  assert.is(drawn(detailOf(50)), 50);
  assert.not.ok(detailOf(50).some(line => line.startsWith('and ')));
  assert.is(drawn(detailOf(20_000)), 50);
  assert.is(detailOf(20_000).at(-1), 'and 19950 more');
});

test.run();
