/** Against bytes that other implementations make (GLib's g_dbus_message_to_blob, sd-bus), written out. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type BusValue, marshal, typesOf } from './marshal.js';
import { callMessage } from './message.js';

const hex = (signature: string, ...values: readonly BusValue[]): string =>
  Buffer.from(marshal(signature, values)).toString('hex');

test('numbers stand at multiples of their size', () => {
  assert.is(hex('yu', 1, 2), '0100000002000000');
  assert.is(hex('yt', 1, 2n ** 64n - 1n), `01${'00'.repeat(7)}${'ff'.repeat(8)}`);
  assert.is(hex('yq', 1, 0x1234), '01003412');
  assert.is(hex('i', -2), 'feffffff');
  assert.is(hex('b', true), '01000000');
  assert.is(hex('d', 1.5), '000000000000f83f');
});

test('a text has its length in front, in bytes, and a NUL behind', () => {
  assert.is(hex('s', 'aé'), '0300000061c3a900');
  assert.is(hex('g', 'au'), '02617500');
  assert.is(hex('ss', 'a', 'b'), '0100000061000000' + '010000006200');
});

test('an array counts neither its length nor the padding to its first element', () => {
  assert.is(hex('au', [1, 2]), '08000000' + '01000000' + '02000000');
  assert.is(hex('at', [1]), '08000000' + '00000000' + '0100000000000000');
  assert.is(hex('at', []), '00000000' + '00000000');
  assert.is(hex('a(ss)', [['a', 'b']]), '0e00000000000000' + '0100000061000000' + '010000006200');
});

test('a variant carries its type', () => {
  assert.is(hex('v', { type: 'b', value: true }), '01620000' + '01000000');
  assert.is(hex('v', { type: 'as', value: ['x'] }), '02617300' + '06000000' + '010000007800');
});

test('types', () => {
  assert.equal(typesOf('ssa(sv)a(sa(sv))'), ['s', 's', 'a(sv)', 'a(sa(sv))']);
  for (const bad of ['z', 'a', '(s', 'a(']) assert.throws(() => typesOf(bad), bad);
});

test('a value of another type, or beyond it, is a mistake', () => {
  for (const [signature, value] of [
    ['y', 256],
    ['y', -1],
    ['i', 2 ** 31],
    ['t', 2n ** 64n],
    ['s', 1],
    ['b', 1],
    ['as', 'x'],
    ['(ss)', ['x']],
    ['v', 'x'],
  ] as const)
    assert.throws(() => marshal(signature, [value]), `${signature} ${value}`);
});

test('a call: fields, padding, body', () => {
  const message = callMessage(
    { destination: 'a.b', path: '/', interface: 'a.b', member: 'C', signature: 'u', serial: 7 },
    [5],
  );
  const [header, fields] = [Buffer.from(message).subarray(0, 16), Buffer.from(message).subarray(16)];
  assert.is(header.toString('hex'), `6c010001${'04000000'}${'07000000'}${'47000000'}`);
  assert.is(fields.length % 8, 4);
  assert.is(
    fields.toString('latin1'),
    '\x01\x01o\0\x01\0\0\0/\0\0\0\0\0\0\0' +
      '\x02\x01s\0\x03\0\0\0a.b\0\0\0\0\0' +
      '\x03\x01s\0\x01\0\0\0C\0\0\0\0\0\0\0' +
      '\x06\x01s\0\x03\0\0\0a.b\0\0\0\0\0' +
      '\x08\x01g\0\x01u\0\0' +
      '\x05\0\0\0',
  );
});

test.run();
