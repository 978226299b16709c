/**
 * What stands for nothing, and what may be written in more ways than one (docs/compatibility.md, "Empty means absent"): all of it starts, with crun and runc of Debian 12 as
 * the measure. What one of them refuses is in our unit tests only (runtime/admit/zero-values.test.ts).
 */
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Config } from '../../harness/config.js';
import { type Case, test } from '../case.js';

/** Properties that the types of the suite forbid, with values that they forbid. */
const put =
  (where: (config: Config) => object, properties: object): NonNullable<Case['config']> =>
  config =>
    void Object.assign(where(config), properties);

const root = (properties: object) => put(config => config, properties);
const proc = (properties: object) => put(config => config.process, properties);
const linux = (properties: object) => put(config => config.linux, properties);
const resources = (properties: object) => put(config => config.linux.resources ?? {}, properties);
const hook = (properties: object) =>
  root({ hooks: { createRuntime: [{ path: '/bin/true', ...properties }] } });
const filter = (rule: object) =>
  linux({
    seccomp: {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['getcwd'], action: 'SCMP_ACT_ERRNO', ...rule }],
    },
  });
const capabilities = (...names: readonly unknown[]) =>
  proc({ capabilities: { bounding: names, effective: names, permitted: names } });
const tmpfs = (properties: object) => (config: Config) =>
  void config.mounts.push({ destination: '/t', type: 'tmpfs', source: 'tmpfs', ...properties });

const starts: Readonly<Record<string, NonNullable<Case['config']>>> = {
  'mount-options': tmpfs({ options: ['', null, 'nosuid', ''] }),
  'null-argument': proc({ args: ['/bin/reporter', 'report', ',', 'mkdir', '/tmp/x', null] }),
  'console-size': proc({ consoleSize: {} }),
  'console-height': proc({ consoleSize: { width: 80 } }),
  user: proc({ user: {} }),
  'user-without-uid': proc({ user: { gid: 5 } }),
  capabilities: capabilities(null, 'CAP_KILL', ''),
  scheduler: proc({ scheduler: {} }),
  'scheduler-policy': proc({ scheduler: { policy: '', nice: 0 } }),
  'scheduler-flags': proc({ scheduler: { policy: 'SCHED_OTHER', flags: ['', null] } }),
  'io-priority': proc({ ioPriority: { class: '', priority: 0 } }),
  'hook-arguments': hook({ args: ['true', null, ''] }),
  'hook-environment': hook({ env: ['A', '', null, '=', '=b', 'C=d'] }),
  hooks: root({ hooks: { prestart: [], poststop: null } }),
  'time-offsets': linux({ timeOffsets: { monotonic: {}, boottime: { secs: 0, nanosecs: 0 } } }),
  'device-number': linux({ devices: [{ type: 'c', path: '/dev/x' }] }),
  'device-rule': resources({ devices: [{ access: 'rwm' }] }),
  'pids-limit': resources({ pids: {} }),
  'rootfs-propagation': linux({ rootfsPropagation: '' }),
  'seccomp-rule-without-names': filter({ names: [] }),
  'seccomp-argument': filter({ names: ['personality'], args: [{ op: 'SCMP_CMP_GT' }] }),
  'intel-rdt': linux({ intelRdt: {} }),
  'intel-rdt-values': linux({ intelRdt: { closID: '', l3CacheSchema: '', enableMonitoring: false } }),
  'memory-policy': linux({ memoryPolicy: { mode: '', nodes: '', flags: [] } }),
  'listener-metadata': linux({ seccomp: { defaultAction: 'SCMP_ACT_ALLOW', listenerMetadata: 'x' } }),
  'masked-paths': linux({ maskedPaths: ['', '/proc/keys', null] }),
  'readonly-paths': linux({ readonlyPaths: [null, '/proc/sys', ''] }),
};

for (const [name, config] of Object.entries(starts)) {
  test(`empty/${name}`, { config, inside: ({ report }) => assert.is(report.pid, 1) });
}

test('empty/user-without-gid', {
  config: proc({ user: { uid: 5 } }),
  inside: ({ report }) => assert.equal([report.uid[0], report.gid[0]], [5, 0]),
});

test('empty/rlimit-values', {
  config: proc({ rlimits: [{ type: 'RLIMIT_CORE' }] }),
  inside: ({ report }) => assert.equal(report.rlimits.CORE, [0, 0]),
});

test('empty/words-beside-others', {
  config: tmpfs({ options: ['', 'ro', null, 'nosuid'] }),
  probes: ['write /t/x'],
  inside: ({ at }) => assert.is(at('write /t/x').error, 'EROFS'),
});

for (const ociVersion of ['1.0', 'v1.0.0', '1.0-rc1', '1.0.0.0', '1.0.2+dev']) {
  test(`versions/${ociVersion}`, {
    config: root({ ociVersion }),
    inside: ({ report }) => assert.is(report.pid, 1),
  });
}

test('from-the-root/mount-without-a-slash', {
  config: tmpfs({ destination: 'data' }),
  probes: ['statfs /data'],
  inside: ({ at }) => assert.is(at('statfs /data').type, '0x1021994'),
});

test('from-the-root/masked-path-without-a-slash', {
  config: linux({ maskedPaths: ['data/note'] }),
  probes: ['stat /data/note'],
  inside: ({ at }) => assert.is(at('stat /data/note').type, 'character'),
});

test('from-the-root/readonly-path-without-a-slash', {
  config: linux({ readonlyPaths: ['data'] }),
  probes: ['write /data/x'],
  inside: ({ at }) => assert.is(at('write /data/x').error, 'EROFS'),
});

/** A program that leaves a file beside itself. */
const hookFile = ({ dir }: { readonly dir: string }): void => {
  writeFileSync(join(dir, 'hook'), '#!/bin/sh\nread -r state; : >>"$(dirname "$0")/ran"\n');
  chmodSync(join(dir, 'hook'), 0o755);
};

for (const kind of ['prestart', 'createRuntime', 'poststart', 'poststop']) {
  test(`from-the-bundle/${kind}-hook`, {
    files: hookFile,
    config: root({ hooks: { [kind]: [{ path: './hook' }] } }),
    inside: ({ dir }) => assert.ok(existsSync(join(dir, 'bundle/ran'))),
  });
}

for (const [name, hook] of Object.entries({
  'an-empty-path': { path: '' },
  'a-bare-name': { path: 'nosuch' },
  'no-time': { path: '/bin/true', timeout: 0 },
  'less-than-no-time': { path: '/bin/true', timeout: -1 },
})) {
  test(`poststop/with-${name}`, {
    config: root({ hooks: { poststop: [hook] } }),
    inside: ({ report }) => assert.is(report.pid, 1),
  });
  for (const kind of ['createContainer', 'startContainer'])
    if (name !== 'no-time')
      test(`hooks/${kind}-with-${name}-is-refused`, {
        config: root({ hooks: { [kind]: [hook] } }),
        drive: async t => {
          const finished = await t.run();
          assert.is.not(finished.code, 0);
          assert.not.match(finished.stdout, '{');
        },
      });
}

test('from-the-root/device-without-a-slash', {
  config: linux({
    devices: [{ type: 'c', path: 'null2', major: 1, minor: 3, fileMode: 0o666, uid: 0, gid: 0 }],
  }),
  probes: ['stat /null2'],
  inside: ({ at }) => assert.is(at('stat /null2').rdev, '1:3'),
});

test('devices/of-two-with-one-path-the-first-is-made', {
  config: linux({
    devices: [3, 5].map(minor => ({ type: 'c', path: '/dev/two', major: 1, minor, fileMode: 0o666 })),
  }),
  probes: ['stat /dev/two'],
  inside: ({ at }) => assert.is(at('stat /dev/two').rdev, '1:3'),
});

/** Words on a bind that the kernel does not look at: those of fstab(5), of Podman and Docker, of file systems, and of nobody. */
const words = [
  'nocopy,copy,U,z,Z,O,cached,delegated,consistency=cached',
  'x-foo,x-systemd.automount,X-mount.mkdir,comment=hi,_netdev,auto,noauto,user,users,nofail,defaults,owner,group',
  'size=5m,mode=755,uid=0,context=a,acl,foo,bar=baz',
];

for (const list of words) {
  test(`mount-options/bind-with-${list.split(',')[0]}-and-the-like`, {
    files: ({ dir }) => void mkdirSync(join(dir, 'source')),
    config: (c, { dir }) =>
      void c.mounts.push({
        destination: '/data',
        type: 'bind',
        source: join(dir, 'source'),
        options: ['rbind', ...list.split(','), 'ro'],
      }),
    probes: ['write /data/x'],
    inside: ({ at }) => assert.is(at('write /data/x').error, 'EROFS'),
  });
}
