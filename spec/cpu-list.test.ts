import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { allCpus, cpuMask, parseCpuList } from './cpu-list.js';

test('numbers and ranges, with blanks around them', () => {
  assert.equal(parseCpuList('7'), [[7, 7]]);
  assert.equal(parseCpuList('0-3,7'), [
    [0, 3],
    [7, 7],
  ]);
  assert.equal(parseCpuList(' 1 , 8191 '), [
    [1, 1],
    [8191, 8191],
  ]);
});

test('what is no list', () => {
  for (const list of [
    '',
    ',',
    '1,',
    'x',
    '-1',
    '1-',
    '3-1',
    '1-2-3',
    '0x1',
    '1 2',
    '8192',
    '0-99999999999999',
  ])
    assert.is(parseCpuList(list), null, list);
});

test('masks have whole words', () => {
  assert.equal(
    [
      ...cpuMask([
        [0, 3],
        [7, 7],
      ]),
    ],
    [0x8f, 0, 0, 0, 0, 0, 0, 0],
  );
  assert.equal([...cpuMask([[64, 64]])], [0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
  assert.is(cpuMask(allCpus).length, 1024);
  assert.ok(cpuMask(allCpus).every(byte => byte === 255));
});

test.run();
