import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { NUMBERS } from '../../spec/environment.js';
import { thisProcess } from '../host/caller.js';
import { nextNumber, readGenerations } from './pins.js';

const scratch = mkdtempSync(join(tmpdir(), 'chos-pins-'));
test.after(() => rmSync(scratch, { recursive: true }));

test('no number comes back; where it cannot be seen which were given out, none is', () => {
  const numbers = scratch + NUMBERS;
  assert.is(nextNumber([], 'alma9', scratch), 1);
  mkdirSync(numbers, { recursive: true });
  for (const name of ['alma9@4', 'alma9@x', 'alma@7']) writeFileSync(join(numbers, name), '');
  assert.is(nextNumber([], 'alma9', scratch), 5);
  rmSync(numbers, { recursive: true });
  mkdirSync(dirname(numbers), { recursive: true });
  writeFileSync(numbers, '');
  assert.throws(() => nextNumber([], 'alma9', scratch), /ENOTDIR/);
});

test('generations that cannot be read are not none', () => {
  assert.equal(readGenerations(thisProcess(), join(scratch, 'missing')), []);
  writeFileSync(join(scratch, 'file'), '');
  assert.throws(() => readGenerations(thisProcess(), join(scratch, 'file')), /ENOTDIR/);
});

test.run();
