import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { jsonText } from './json-text.js';

test('bigints keep all their digits', () => {
  assert.is(
    jsonText({ hard: 2n ** 64n - 1n, secs: -(2n ** 60n) }),
    '{"hard":18446744073709551615,"secs":-1152921504606846976}',
  );
});

test('everything else is as JSON.stringify has it', () => {
  const value = { a: ['bigint:1', 'x\n', null], b: { c: 1.5 } };
  assert.is(jsonText(value), JSON.stringify(value));
  assert.is(jsonText(value, 2), JSON.stringify(value, null, 2));
});

test.run();
