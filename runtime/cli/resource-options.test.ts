import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesOf, resourcesOfOptions } from './resource-options.js';

test('sizes as people write them', () => {
  for (const [text, value] of [
    ['0', 0n],
    ['-1', -1n],
    ['4096', 4096n],
    ['512m', 536_870_912n],
    ['1.5g', 1_610_612_736n],
    ['2GiB', 2_147_483_648n],
    ['3kb', 3072n],
    ['1T', 1_099_511_627_776n],
    ['9223372036854775807', 9_223_372_036_854_775_807n],
    ['', null],
    ['m', null],
    ['1x', null],
    ['-1m', null],
    ['1e9', null],
    ['0x10', null],
    ['99999999999999999999', null],
  ] as const)
    assert.is(bytesOf(text), value, text);
});

test('options are properties of linux.resources', () => {
  const given = new Map([
    ['memory', '1m'],
    ['memory-swap', '-1'],
    ['cpuset-cpus', '0-3'],
    ['cpu-quota', '-1'],
    ['cpu-share', ''],
  ]);
  assert.equal(resourcesOfOptions(given), {
    kind: 'ok',
    value: { memory: { limit: 1_048_576n, swap: -1n }, cpu: { quota: -1n, cpus: '0-3' } },
  });
});

test('what is no number is refused by the name of its option', () => {
  const refused = resourcesOfOptions(new Map([['pids-limit', 'many']]));
  assert.equal(refused.kind === 'failure' && refused.failure, {
    kind: 'usage',
    fault: { kind: 'bad-value', option: '--pids-limit', value: 'many', expected: 'a whole number' },
  });
});

test.run();
