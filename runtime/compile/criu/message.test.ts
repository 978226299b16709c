import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { slot } from '../../program/operand.js';
import { walk } from '../test/walk.js';
import { compose } from './message.js';

const bytesOf = (value: Uint8Array | string): readonly number[] =>
  typeof value === 'string' ? [...Buffer.from(value, 'latin1')] : [...value];

test('numbers, texts, flags and messages, as protocol buffers have them', () => {
  const { data, fill } = compose('m', [
    [1, 150],
    [2, 'testing'],
    [3, [[1, true]]],
    [44, 2 ** 30],
  ]);
  // The first two are the examples of the specification.
  assert.equal(bytesOf(data.bytes), [
    ...[0x08, 0x96, 0x01],
    ...[0x12, 7, ...Buffer.from('testing')],
    ...[0x1a, 2, 0x08, 1],
    ...[0xe0, 2, 0x80, 0x80, 0x80, 0x80, 4],
  ]);
  assert.equal(fill, []);
  assert.ok(data.constant);
});

test('a text has the length of its bytes', () => {
  assert.equal(bytesOf(compose('m', [[2, 'ä']]).data.bytes), [0x12, 2, 0xc3, 0xa4]);
});

test('descriptors are filled in where they are, in messages too', () => {
  const fd = slot('fd');
  const { data, fill } = compose('m', [
    [1, { fd }],
    [2, [[2, { fd }]]],
  ]);
  assert.equal(bytesOf(data.bytes), [0x08, 0, 0, 0, 0x12, 4, 0x10, 0, 0, 0]);
  assert.not.ok(data.constant);
  const stores = fill.flatMap(line =>
    line.kind === 'step' && line.op === 'STORE' ? [Number(line.args[1])] : [],
  );
  assert.equal(stores, [1, 2, 3, 7, 8, 9]);
  const group = fill.flatMap(line =>
    line.kind === 'step' && line.op === 'ALU' && line.dst?.kind === 'slot' ? [line.dst] : [],
  )[0];
  if (group === undefined) throw new Error('no group');
  // 300 is 0b10_0101100: the first of its places has the seven lower bits and the mark that more follow.
  assert.is(walk(fill.slice(0, 4), { cells: new Map([[fd, 300]]) }).value(group), 0xac);
});

test.run();
