import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { normalMount } from '../../admit/normal/mounts.js';
import { fakesProc } from './mounts.js';

const refused = (destination: string, type = 'tmpfs', ...options: readonly string[]): boolean =>
  fakesProc(normalMount({ destination, type, source: type, options }));

test('inside /proc only the files that lxcfs and the like provide (CVE-2019-16884)', () => {
  for (const file of ['cpuinfo', 'diskstats', 'meminfo', 'stat', 'swaps', 'uptime', 'loadavg', 'slabinfo'])
    assert.is(refused(`/proc/${file}`), false, file);
  for (const file of ['net/dev', 'sys/kernel/ns_last_pid', 'sys/crypto/fips_enabled'])
    assert.is(refused(`/proc/${file}`), false, file);
  for (const path of ['self/attr', 'sys', '1', 'cpuinfo/x', 'meminfo2', 'net', 'sys/kernel/core_pattern'])
    assert.is(refused(`/proc/${path}`), true, path);
});

test('no spelling gets around it', () => {
  for (const path of ['/proc/./sys', '//proc//sys', '/x/../proc/sys', '/../proc/sys', '/proc/cpuinfo/../sys'])
    assert.is(refused(path), true, path);
  assert.is(refused('/process'), false);
});

test('on /proc itself only a procfs; what a bind shows is looked at when it is there', () => {
  for (const type of ['tmpfs', 'cgroup', 'none']) assert.is(refused('/proc', type), true, type);
  assert.is(refused('/proc', 'proc'), false);
  assert.is(refused('/proc', 'none', 'rbind'), false);
  assert.is(refused('/proc', 'tmpfs', 'bind'), false);
  assert.is(refused('/proc', 'tmpfs', 'remount', 'ro'), false);
});

test.run();
