import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compileSeccomp } from '../compile/seccomp/filter.js';
import type { LinuxSeccomp } from '../compile/seccomp/linux-seccomp.js';
import { knownFilter } from './known-filter.js';

const refusing = (name: string, value: number | bigint = 1): LinuxSeccomp => ({
  defaultAction: 'SCMP_ACT_ALLOW',
  syscalls: [{ names: [name], action: 'SCMP_ACT_ERRNO', args: [{ index: 0, value, op: 'SCMP_CMP_EQ' }] }],
});

test('a profile is compiled once, whoever has read it', () => {
  assert.is(knownFilter(refusing('read'), 'x86_64'), knownFilter(refusing('read'), 'x86_64'));
});

test('each gets its own filter', () => {
  const whose: readonly (readonly [LinuxSeccomp, 'x86_64' | 'aarch64'])[] = [
    [refusing('write'), 'x86_64'],
    [refusing('write'), 'aarch64'],
    [refusing('write', 2), 'x86_64'],
    [refusing('write', 2n ** 60n), 'x86_64'],
    [refusing('write', 2n ** 60n + 1n), 'x86_64'],
    [{ ...refusing('write'), flags: ['SECCOMP_FILTER_FLAG_LOG'] }, 'x86_64'],
    [{ ...refusing('write'), defaultAction: 'SCMP_ACT_NOTHING' }, 'x86_64'],
  ];
  for (let i = 0; i < 2; i++)
    for (const [seccomp, arch] of whose)
      assert.equal(knownFilter(seccomp, arch), compileSeccomp(seccomp, arch), `${arch} ${i}`);
});

test('the last four are kept', () => {
  const names = ['open', 'close', 'read', 'write', 'openat'];
  const [first] = names.map(name => knownFilter(refusing(name), 'x86_64'));
  const last = knownFilter(refusing('write'), 'x86_64');
  assert.is(knownFilter(refusing('write'), 'x86_64'), last);
  const again = knownFilter(refusing('open'), 'x86_64');
  assert.is.not(again, first);
  assert.equal(again, first);
  assert.is(knownFilter(refusing('write'), 'x86_64'), last);
});

test('what is long is compiled each time', () => {
  const long = { ...refusing('read'), listenerPath: 'x'.repeat(64 * 1024) };
  assert.is.not(knownFilter(long, 'x86_64'), knownFilter(long, 'x86_64'));
});

test.run();
