import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FRESH, Looked } from './looked.js';

let now = 1000;
const begun = (connection: number): Looked => {
  const looked = new Looked(() => now);
  looked.begin(connection);
  return looked;
};

test('it is for the connection that it was for, once', () => {
  const looked = begun(5);
  assert.equal([looked.isFor(5), looked.isFor(5)], [true, false]);
});

test('whoever comes first takes it away, whoever he is', () => {
  const looked = begun(5);
  assert.equal([looked.isFor(7), looked.isFor(5)], [false, false]);
  looked.begin(8);
  looked.begin(9);
  assert.is(looked.isFor(8), false);
  assert.is(new Looked(() => now).isFor(undefined), false);
});

test('it gets old', () => {
  const [soon, late] = [begun(1), begun(2)];
  now += FRESH;
  assert.is(soon.isFor(1), true);
  now += 1;
  assert.is(late.isFor(2), false);
});

test.run();
