/** Through the real engine: equal, longer, shorter, other bytes, none. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { results } from '../../engine/test/engine.js';
import { cell, slot, slots, text } from '../../program/operand.js';
import { move } from '../../program/step.js';
import { sameBytes, sameWord } from './same-bytes.js';

/** Equal, and beginning so; both were 7 before. */
function compared(there: string, wanted: string): string {
  const found = slots('found', 2, text(there));
  const [same, begins] = [slot('same', 7), slot('begins', 7)];
  return results(
    [
      move(cell(found, 1), there.length),
      ...sameWord(same, found, wanted),
      ...sameBytes(begins, found, text(wanted), wanted.length, 'GE'),
    ],
    [same, begins],
  );
}

test('what was found is those bytes, or begins with them', () => {
  assert.is(compared('done', 'done'), '1 1');
  assert.is(compared('done so', 'done'), '0 1');
  assert.is(compared('do', 'done'), '0 0');
  assert.is(compared('gone', 'done'), '0 0');
  assert.is(compared('', 'done'), '0 0');
});

test.run();
