/** What becomes of a config.json in which nearly nothing is written, and of one in which each thing is. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { NormalConfig } from '../../../spec/normal-config.js';
import { admit, admitProcess } from '../admit.js';
import { normalHooks } from './hooks.js';
import { sysctlFile } from './linux.js';
import { normalResources } from './resources.js';

type Json = Readonly<Record<string, unknown>>;

function normal({ process, linux, ...others }: { readonly process?: Json; readonly linux?: Json } & Json) {
  const config = {
    ociVersion: '1.3.0',
    root: { path: 'rootfs' },
    process: { args: ['sh'], cwd: '/', ...process },
    ...others,
    ...(linux === undefined ? {} : { linux }),
  };
  const result = admit({ file: 'config.json', text: JSON.stringify(config) });
  if (result.kind === 'refused') throw new Error(JSON.stringify(result.diagnostics));
  return result.spec.config;
}

test('nothing is absent', () => {
  const absent: string[] = [];
  const look = (value: unknown, at: string): void => {
    if (value === undefined) absent.push(at);
    else if (typeof value === 'object' && value !== null)
      for (const [key, inside] of Object.entries(value)) look(inside, `${at}.${key}`);
  };
  look(normal({}), 'config');
  assert.equal(absent, []);
});

test('a config.json that asks for nothing', () => {
  const { process, hooks, linux, ...others } = normal({});
  assert.equal(others, {
    ociVersion: '1.3.0',
    root: { path: 'rootfs', readonly: false },
    mounts: [],
    hostname: null,
    domainname: null,
    annotations: {},
    unitProperties: [],
  });
  assert.equal([process.terminal, process.capabilities, process.user.umask], [false, null, 0o022]);
  assert.equal([process.env, process.rlimits, process.user.additionalGids], [[], [], []]);
  assert.equal(Object.values(hooks).flat(), []);
  assert.is(Object.keys(hooks).length, 6);
  assert.equal([...linux.namespaces], []);
  assert.equal([linux.cgroupsPath, linux.rootfsPropagation, linux.resources.pidsLimit], [null, null, null]);
});

test('an empty cgroupsPath is there', () => {
  assert.is(normal({ linux: { cgroupsPath: '' } }).linux.cgroupsPath, '');
  assert.is(normal({ linux: { cgroupsPath: '/a/../b' } }).linux.cgroupsPath, '/b');
  assert.is(normal({ linux: { cgroupsPath: 'slice:a:b' } }).linux.cgroupsPath, 'slice:a:b');
});

test('namespaces in the order of the file: new ones, and paths', () => {
  const namespaces = [{ type: 'uts', path: '/n' }, { type: 'mount', path: '' }, { type: 'pid' }];
  assert.equal(
    [...normal({ linux: { namespaces } }).linux.namespaces],
    [
      ['uts', '/n'],
      ['mount', 'new'],
      ['pid', 'new'],
    ],
  );
});

test('limits have both numbers, with all digits', () => {
  const rlimits = [{ type: 'RLIMIT_CORE', hard: 7 }];
  assert.equal(normal({ process: { rlimits } }).process.rlimits, [
    { type: 'RLIMIT_CORE', soft: 0n, hard: 7n },
  ]);
});

test('what Go writes for nothing is nothing', () => {
  const empty = { apparmorProfile: '', selinuxLabel: '', execCPUAffinity: { initial: '', final: '0-1,3' } };
  const { process, linux } = normal({ process: empty, linux: { mountLabel: '', rootfsPropagation: '' } });
  assert.equal([process.apparmorProfile, process.selinuxLabel], [null, null]);
  assert.is(process.execCpuAffinity.initial, null);
  assert.equal(process.execCpuAffinity.final, {
    list: '0-1,3',
    ranges: [
      [0, 1],
      [3, 3],
    ],
  });
  assert.equal([linux.mountLabel, linux.rootfsPropagation], [null, null]);
  assert.is(normal({ hostname: '' }).hostname, null);
});

test('propagation of the root as that of a mount', () => {
  const { rootfsPropagation } = normal({ linux: { rootfsPropagation: 'rslave' } }).linux;
  assert.equal(rootfsPropagation, { kind: 'slave', recursive: true });
});

test('sysctls by the file that they name', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['net.ipv4.ip_forward', 'net/ipv4/ip_forward'],
    ['net/ipv4/conf/eth0.1/forwarding', 'net/ipv4/conf/eth0.1/forwarding'],
    ['net.ipv4.conf.eth0/1.forwarding', 'net/ipv4/conf/eth0.1/forwarding'],
    ['a', 'a'],
  ];
  for (const [name, file] of rows) assert.is(sysctlFile(name), file, name);
  const sysctl = { 'net.ipv4.ip_forward': '1' };
  const { sysctls } = normal({ linux: { namespaces: [{ type: 'network' }], sysctl } }).linux;
  assert.equal(sysctls, [{ name: 'net.ipv4.ip_forward', file: 'net/ipv4/ip_forward', value: '1' }]);
});

const device = (path: string, more: Json = {}) => ({ path, type: 'u', major: 1, minor: 2, ...more });
const devicesOf = (...devices: readonly Json[]): NormalConfig['linux']['devices'] =>
  normal({ linux: { devices } }).linux.devices;

test('of two devices in one place the first counts; the others keep their place in the file', () => {
  const found = devicesOf(device('/dev/a'), device('dev//./a'), device('/dev/b'));
  assert.equal(
    found.map(({ index, place }) => [index, place]),
    [
      [0, '/dev/a'],
      [2, '/dev/b'],
    ],
  );
});

test('a device has permissions and an owner', () => {
  assert.equal(devicesOf(device('/a'), device('/b', { fileMode: 0o20600, uid: 3, gid: 4 })), [
    { index: 0, place: '/a', type: 'c', major: 1, minor: 2, mode: 0o666, uid: 0, gid: 0 },
    { index: 1, place: '/b', type: 'c', major: 1, minor: 2, mode: 0o600, uid: 3, gid: 4 },
  ]);
});

test('an empty path hides nothing; the others keep their place in the file', () => {
  const namespaces = [{ type: 'mount' }];
  const { maskedPaths, readonlyPaths } = normal({
    linux: { namespaces, maskedPaths: ['', 'proc/./kcore'], readonlyPaths: [''] },
  }).linux;
  assert.equal(maskedPaths, [{ index: 1, path: '/proc/./kcore', place: '/proc/kcore' }]);
  assert.equal(readonlyPaths, []);
});

test('a hook has a name among its arguments, and a timeout or none', () => {
  const { poststop, createRuntime, prestart } = normalHooks({
    createRuntime: [{ path: '/a', args: [], timeout: 2 }],
    poststop: [
      { path: '/b', args: ['x', 'y'], env: [], timeout: 0 },
      { path: '/c', timeout: -5 },
    ],
  });
  assert.equal(createRuntime, [{ path: '/a', args: ['/a'], env: null, timeoutSeconds: 2 }]);
  assert.equal(poststop, [
    { path: '/b', args: ['x', 'y'], env: [], timeoutSeconds: null },
    { path: '/c', args: ['/c'], env: null, timeoutSeconds: 0 },
  ]);
  assert.equal(prestart, []);
});

test('0 is no limit that was asked for, except where it means something', () => {
  const { memory, pidsLimit, hugepageLimits, cpu } = normalResources(
    {
      memory: { limit: 0, swap: -1, swappiness: 0 },
      cpu: { quota: -1, shares: 0, cpus: '' },
      pids: { limit: 0 },
      hugepageLimits: [{ pageSize: '2MB', limit: 0 }],
    },
    null,
  );
  assert.equal([memory.limitBytes, memory.swapBytes, memory.swappiness], [null, -1, 0]);
  assert.equal([cpu.quotaMicroseconds, cpu.shares, cpu.cpus], [-1, null, null]);
  assert.equal([pidsLimit, hugepageLimits], [0, [{ pageSize: '2MB', limitBytes: 0 }]]);
});

test('before version 1.3 a limit of 0 tasks meant that there is none', () => {
  const limit = (ociVersion: string, pids: number) =>
    normal({ ociVersion, linux: { resources: { pids: { limit: pids } } } }).linux.resources.pidsLimit;
  assert.is(limit('1.0.2-dev', 0), -1);
  assert.is(limit('v1', 0), -1);
  assert.is(limit('1.0.2', 7), 7);
  assert.is(limit('1.3.0', 0), 0);
  assert.is(limit('1.20.0', 0), 0);
});

test('a process.json has the same form as process of config.json', () => {
  const process = { args: ['a', 'b'], cwd: '/w', terminal: true, capabilities: { bounding: ['CAP_KILL'] } };
  const result = admitProcess({ file: 'process.json', text: JSON.stringify(process) });
  if (result.kind === 'refused') throw new Error(JSON.stringify(result.diagnostics));
  assert.equal(result.spec.process, normal({ process }).process);
  assert.equal(result.spec.process.capabilities?.ambient, []);
});

test.run();
