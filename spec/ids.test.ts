import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { largestId, toId, toIdAsTheKernel } from './ids.js';

test('an id is decimal digits up to 4294967294', () => {
  for (const [text, value] of [
    ['0', 0],
    ['007', 7],
    ['4294967294', 4294967294],
  ] as const)
    assert.is(toId(text), value, text);
  for (const text of [
    '4294967295',
    '4294967296',
    '18446744073709551615',
    '-1',
    '+1',
    '',
    ' 1',
    '1e3',
    '0x1',
    'root',
  ])
    assert.is(toId(text), null, text);
});

test('an option of a file system is read in the radix that the kernel takes', () => {
  for (const [text, value] of [
    ['0', 0],
    ['1000', 1000],
    ['+5', 5],
    ['0x10', 16],
    ['010', 8],
    ['0xfffffffe', largestId],
    ['4294967295', 'none'],
    ['0xffffffff', 'none'],
    ['0XFFFFFFFF', 'none'],
    ['037777777777', 'none'],
    ['99999999999999999999', 'none'],
    ['-1', 'none'],
    ['', 'unknown'],
    ['root', 'unknown'],
    ['09', 'unknown'],
  ] as const)
    assert.is(toIdAsTheKernel(text), value, text);
});

test('the schema has the same limit, and no id of it another', () => {
  const schema = JSON.parse(readFileSync('spec/oci/config.schema.json', 'utf8'));
  const { definitions } = schema;
  assert.is(definitions.Id.maximum, largestId);
  const ids = [
    definitions.User.properties.uid,
    definitions.User.properties.gid,
    definitions.User.properties.additionalGids.items,
    definitions.LinuxDevice.properties.uid,
    definitions.LinuxDevice.properties.gid,
    definitions.IdMapping.properties.containerID,
    definitions.IdMapping.properties.hostID,
  ];
  for (const id of ids) assert.equal(id, { $ref: '#/definitions/Id' });
});

test.run();
