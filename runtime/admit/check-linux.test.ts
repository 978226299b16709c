import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Config, LinuxNamespaceType } from '../../spec/generated/config.js';
import { admit } from './admit.js';
import { checkLinux } from './check-linux.js';
import { formatPath, type Note } from './diagnostic.js';
import { changed } from './test/config.js';

function findings(
  linux: Config['linux'],
  names: Pick<Config, 'hostname' | 'domainname'> = {},
): readonly string[] {
  const found: string[] = [];
  const config: Config = {
    ociVersion: '1.3.0',
    root: { path: 'rootfs' },
    process: { args: ['sh'], cwd: '/' },
    ...names,
    ...(linux === undefined ? {} : { linux }),
  };
  const note: Note = (path, what) => void found.push(`${formatPath(path)} ${what.kind}`);
  checkLinux(config, note, note);
  return found;
}

function sysctl(name: string, ...types: readonly LinuxNamespaceType[]): string {
  const kinds = findings({ namespaces: types.map(type => ({ type })), sysctl: { [name]: '1' } });
  return kinds.map(kind => kind.slice(kind.lastIndexOf(' ') + 1)).join();
}

/** Which namespace a sysctl belongs to: with it, it is taken; without, refused. */
const namespaced: readonly (readonly [name: string, type: LinuxNamespaceType])[] = [
  ['net.ipv4.ip_forward', 'network'],
  ['net/ipv4/ip_forward', 'network'],
  ['net.ipv4.conf.eth0/100.rp_filter', 'network'],
  ['net/ipv4/conf/eth0.100/rp_filter', 'network'],
  ['kernel.shmmax', 'ipc'],
  ['kernel/shm_rmid_forced', 'ipc'],
  ['kernel.sem', 'ipc'],
  ['fs.mqueue.queues_max', 'ipc'],
  ['kernel.domainname', 'uts'],
  ['kernel/hostname', 'uts'],
  ['user.max_mnt_namespaces', 'user'],
];

test('a sysctl is taken with the namespace that it belongs to', () => {
  for (const [name, type] of namespaced) {
    assert.is(sysctl(name, type), '', name);
    assert.is(sysctl(name, type === 'ipc' ? 'uts' : 'ipc', 'mount', 'pid'), 'needs-namespace', name);
  }
});

test('a sysctl of the host is refused with any namespace', () => {
  for (const name of [
    'vm.overcommit_memory',
    'kernel.core_pattern',
    'kernel.shmmaxx',
    'fs.file-max',
    'fs.mqueue',
    'net',
  ]) {
    assert.is(sysctl(name, 'network', 'ipc', 'uts', 'user', 'pid', 'mount'), 'not-namespaced', name);
  }
});

test('a sysctl name leads to no other file', () => {
  for (const name of [
    '',
    '.',
    'net.',
    '.net.a',
    'net..a',
    'net/../kernel/core_pattern',
    'net/./a',
    '/net/a',
    'net.//.a',
    'net.ipv4.//./a',
  ]) {
    assert.is(sysctl(name, 'network'), 'key', name);
  }
});

test('kernel.hostname conflicts with hostname only', () => {
  const linux: Config['linux'] = {
    namespaces: [{ type: 'uts' }],
    sysctl: { 'kernel.hostname': 'a', 'kernel.domainname': 'b' },
  };
  assert.equal(findings(linux, { hostname: 'x' }), ['linux.sysctl["kernel.hostname"] conflict']);
  assert.equal(findings(linux, { domainname: 'x' }), ['linux.sysctl["kernel.domainname"] conflict']);
  assert.equal(findings(linux, {}), []);
  assert.equal(findings(linux, { hostname: '' }), []);
});

test('names count in bytes, as in the kernel', () => {
  const linux: Config['linux'] = { namespaces: [{ type: 'uts' }] };
  assert.equal(findings(linux, { hostname: 'é'.repeat(32) }), []);
  assert.equal(findings(linux, { hostname: `${'é'.repeat(32)}x` }), ['hostname too-long']);
});

test('names need a namespace, made or joined', () => {
  assert.equal(findings(undefined, { hostname: 'x', domainname: 'y' }), [
    'hostname needs-namespace',
    'domainname needs-namespace',
  ]);
  assert.equal(findings({ namespaces: [{ type: 'uts', path: '/run/uts' }] }, { hostname: 'x' }), []);
});

test('offsets of clocks need a new time namespace, and are of two clocks', () => {
  const boottime = { secs: 1, nanosecs: 999_999_999 };
  assert.equal(findings({ namespaces: [{ type: 'time' }], timeOffsets: { boottime, monotonic: {} } }), []);
  assert.equal(findings({ timeOffsets: { boottime } }), ['linux.timeOffsets needs-namespace']);
  assert.equal(findings({ namespaces: [{ type: 'time', path: '/t' }], timeOffsets: { boottime } }), [
    'linux.timeOffsets conflict',
  ]);
  assert.equal(
    findings({ namespaces: [{ type: 'time' }], timeOffsets: { realtime: { nanosecs: 1_000_000_000 } } }),
    ['linux.timeOffsets.realtime not-one-of', 'linux.timeOffsets.realtime.nanosecs out-of-range'],
  );
});

test('hidden paths need a mount namespace, and empty lists do not', () => {
  assert.equal(findings({ maskedPaths: ['/a'], readonlyPaths: ['/b'] }), [
    'linux.maskedPaths needs-namespace',
    'linux.readonlyPaths needs-namespace',
  ]);
  assert.equal(findings({ maskedPaths: [], readonlyPaths: [] }), []);
  assert.equal(findings({ namespaces: [{ type: 'mount' }], readonlyPaths: ['', 'x'] }), [
    'linux.readonlyPaths[1] taken-from-root',
  ]);
  assert.equal(findings({ maskedPaths: [''] }), []);
});

test('cgroup paths that lead upwards are taken otherwise', () => {
  for (const cgroupsPath of ['/a', 'a/b', 'a..b', '/a/...', 'x.slice:crio:abc', ''])
    assert.equal(findings({ cgroupsPath }), []);
  for (const cgroupsPath of ['..', '/..', '/a/..', '../a', 'a/../b']) {
    assert.equal(findings({ cgroupsPath }), ['linux.cgroupsPath dots-resolved'], cgroupsPath);
  }
});

test('every second namespace of a type is told', () => {
  const namespaces = (['pid', 'ipc', 'pid', 'pid'] as const).map(type => ({ type }));
  assert.equal(findings({ namespaces }), [
    'linux.namespaces[2].type duplicate',
    'linux.namespaces[3].type duplicate',
  ]);
});

test('of two devices in one place the second is warned of, however its path is spelt', () => {
  const devices = ['/dev/a', 'dev//./a', '/dev/b'].map(path => ({ path, type: 'c', major: 1, minor: 3 }));
  const result = admit({ file: 'config.json', text: JSON.stringify(changed('linux.devices', devices)) });
  const kinds =
    result.kind === 'admitted' ? result.warnings.map(({ path, what }) => `${path} ${what.kind}`) : [];
  assert.equal(kinds, ['linux.devices[1].path taken-from-root', 'linux.devices[1].path first-counts']);
});

test.run();
