import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { codeOf } from './error-code.js';

/** As node:fs throws them. */
const failure = (errno: number, code: string): Error => Object.assign(new Error(code), { errno, code });

test('an error has the name of its number, whatever Node calls it', () => {
  assert.is(codeOf(failure(-122, 'Unknown system error -122')), 'EDQUOT');
  assert.is(codeOf(failure(-116, 'Unknown system error -116')), 'ESTALE');
  assert.is(codeOf(failure(-95, 'ENOTSUP')), 'EOPNOTSUPP');
  assert.is(codeOf(failure(-99_999, 'EODD')), 'EODD');
  assert.is(codeOf(Object.assign(new Error('no number'), { code: 'ERR_FS_EISDIR' })), 'ERR_FS_EISDIR');
  try {
    readFileSync('/proc/self/nowhere');
    assert.unreachable();
  } catch (error) {
    assert.is(codeOf(error), 'ENOENT');
  }
});

test('what is no failure of a call is thrown on', () => {
  const bug = new TypeError('a bug');
  assert.throws(
    () => codeOf(bug),
    (error: unknown) => error === bug,
  );
});

test.run();
