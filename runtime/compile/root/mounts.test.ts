import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { normalise } from '../idioms/normalise.js';
import { refusedMounts } from './mounts.js';

test('a path in its shortest form; .. stays inside the root', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['/', '/'],
    ['', '/'],
    ['//proc//', '/proc'],
    ['/a/./b', '/a/b'],
    ['/a/../b', '/b'],
    ['/../../etc', '/etc'],
    ['/a/b/../..', '/'],
    ['relative', '/relative'],
    ['/...', '/...'],
  ];
  for (const [given, normal] of rows) assert.is(normalise(given), normal, given);
});

const procRefused = (destination: string): boolean =>
  refusedMounts([{ destination, type: 'tmpfs', source: 'tmpfs' }]).some(r => r.why === 'inside-proc');

test('inside /proc only the files that lxcfs and the like provide (CVE-2019-16884)', () => {
  for (const file of ['cpuinfo', 'diskstats', 'meminfo', 'stat', 'swaps', 'uptime', 'loadavg', 'slabinfo'])
    assert.is(procRefused(`/proc/${file}`), false, file);
  for (const file of ['net/dev', 'sys/kernel/ns_last_pid', 'sys/crypto/fips_enabled'])
    assert.is(procRefused(`/proc/${file}`), false, file);
  for (const path of ['self/attr', 'sys', '1', 'cpuinfo/x', 'meminfo2', 'net', 'sys/kernel/core_pattern'])
    assert.is(procRefused(`/proc/${path}`), true, path);
});

test('no spelling gets around it', () => {
  for (const path of ['/proc/./sys', '//proc//sys', '/x/../proc/sys', '/../proc/sys', '/proc/cpuinfo/../sys'])
    assert.is(procRefused(path), true, path);
  assert.is(procRefused('/process'), false);
});

test('on /proc itself only a procfs', () => {
  assert.is(procRefused('/proc'), true);
  assert.equal(refusedMounts([{ destination: '/proc', type: 'proc', source: 'proc' }]), []);
});

test('a bind needs a source, a remount does not', () => {
  const refused = refusedMounts([
    { destination: '/a', options: ['bind'] },
    { destination: '/b', type: 'bind' },
    { destination: '/c', type: 'tmpfs' },
    { destination: '/d', options: ['remount', 'bind', 'ro'] },
  ]);
  assert.equal(
    refused.map(r => [r.index, r.why]),
    [
      [0, 'no-source'],
      [1, 'no-source'],
    ],
  );
});

test.run();
