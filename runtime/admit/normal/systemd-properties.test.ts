import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { unitProperties, unitProperty } from './systemd-properties.js';

const read = (name: string, written: string) => {
  const found = unitProperty(`org.systemd.property.${name}`, written);
  return found === null ? null : [found.name, found.type, found.value];
};

test('values as callers write them', () => {
  for (const [written, type, value] of [
    ['true', 'b', true],
    ['5', 'i', 5n],
    ['-5', 'i', -5n],
    ['0x10', 'i', 16n],
    ['uint64 10000000', 't', 10000000n],
    ['@t 7', 't', 7n],
    ['byte 255', 'y', 255n],
    ['1.5', 'd', 1.5],
    ['double 2', 'd', 2],
    ["'inactive-or-failed'", 's', 'inactive-or-failed'],
    ['"a\\"b\\u00e9\\n"', 's', 'a"bé\n'],
    ["['a.service', 'b.service']", 'as', ['a.service', 'b.service']],
    ['@as []', 'as', []],
    ['[uint64 1, 2]', 'at', [1n, 2n]],
    ["[('/dev/null', 'rw')]", 'a(ss)', [['/dev/null', 'rw']]],
    [' [ 1 , 2 ] ', 'ai', [1n, 2n]],
  ] as const)
    assert.equal(read('Name', written), ['Name', type, value], written);
});

test('what is none', () => {
  for (const written of [
    '',
    'yes',
    'truee',
    "'a",
    'a',
    '[1, true]',
    '[]',
    '[1',
    '1 2',
    'uint64 -1',
    'byte 256',
    '3000000000',
    'uint16 1.5',
    "int32 'a'",
    '<5>',
    '{}',
    'objectpath "/"',
    "'\\u0000'",
    "'\\ud800'",
    `${'['.repeat(50)}1${']'.repeat(50)}`,
  ])
    assert.is(read('Name', written), null, written);
  for (const name of ['', 'ab', 'A b', 'Memory.Max']) assert.is(read(name, '1'), null, name);
});

test('seconds become microseconds, of which alone D-Bus knows', () => {
  assert.equal(read('TimeoutStopSec', '5'), ['TimeoutStopUSec', 't', 5_000_000n]);
  assert.equal(read('TimeoutStopSec', '0.5'), ['TimeoutStopUSec', 't', 500_000n]);
  assert.equal(read('TimeoutStopUSec', 'uint64 5'), ['TimeoutStopUSec', 't', 5n]);
  for (const wrong of ['-1', "'5'", '1e300']) assert.is(read('TimeoutStopSec', wrong), null, wrong);
});

test('other annotations are none', () => {
  assert.equal(
    unitProperties({ 'org.systemd.property.Foo': 'true', other: '(', 'org.systemd.property.Bar': '(' }),
    [{ name: 'Foo', type: 'b', value: true }],
  );
});

test.run();
