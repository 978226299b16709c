import { existsSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Config } from '../../harness/config.js';
import { cgroupsNamed } from '../../harness/host-check.js';
import { type Driver, test } from '../case.js';

const v1 = '/sys/fs/cgroup';
const needsV1 = () => (existsSync(`${v1}/pids/cgroup.procs`) ? undefined : 'needs cgroup v1 controllers');

function sleeping(c: Config): void {
  c.process.args = ['/bin/reporter', 'sleep'];
}

/** Value of a v1 control file of a container with this change. */
function limit(name: string, change: (c: Config) => void, file: string, expected: string): void {
  test(`cgroups/${name}`, {
    skip: needsV1,
    config: change,
    drive: async t => {
      await t.create();
      assert.is(readFileSync(join(v1, dirname(file), t.id, basename(file)), 'utf8').trim(), expected);
    },
  });
}

limit('pids-limit', c => withResources(c, { pids: { limit: 17 } }), 'pids/pids.max', '17');
limit('pids-unlimited', c => withResources(c, { pids: { limit: -1 } }), 'pids/pids.max', 'max');
limit(
  'memory-limit',
  c => withResources(c, { memory: { limit: 33554432 } }),
  'memory/memory.limit_in_bytes',
  '33554432',
);
limit(
  'memory-reservation',
  c => withResources(c, { memory: { reservation: 16777216 } }),
  'memory/memory.soft_limit_in_bytes',
  '16777216',
);
limit('cpu-shares', c => withResources(c, { cpu: { shares: 512 } }), 'cpu/cpu.shares', '512');
limit(
  'cpu-quota',
  c => withResources(c, { cpu: { quota: 20000, period: 50000 } }),
  'cpu/cpu.cfs_quota_us',
  '20000',
);
limit(
  'cpu-period',
  c => withResources(c, { cpu: { quota: 20000, period: 50000 } }),
  'cpu/cpu.cfs_period_us',
  '50000',
);
limit('cpuset', c => withResources(c, { cpu: { cpus: '0' } }), 'cpuset/cpuset.cpus', '0');

function withResources(c: Config, resources: NonNullable<Config['linux']['resources']>): void {
  c.linux.resources = { ...c.linux.resources, ...resources };
}

test('cgroups/process-is-in-it-in-every-hierarchy', {
  skip: needsV1,
  config: sleeping,
  drive: async t => {
    const { pid } = await t.create();
    const lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8').trim().split('\n');
    for (const controller of ['cpu', 'memory', 'pids', 'devices', 'freezer', 'blkio', 'cpuset']) {
      const line = lines.find(one => one.split(':')[1]?.split(',').includes(controller));
      assert.is(line?.split(':')[2], `/${t.id}`, controller);
    }
  },
});

test('cgroups/removed-after-delete', {
  config: sleeping,
  drive: async t => {
    await t.create();
    assert.ok(cgroupsNamed(t.id).length > 0, 'no cgroup was made');
    await t.call('delete', ['--force', t.id]);
    assert.equal(cgroupsNamed(t.id), []);
  },
});

test('cgroups/path-of-several-parts', {
  skip: needsV1,
  config: c => {
    sleeping(c);
    c.linux.cgroupsPath = `${c.linux.cgroupsPath}/deep/er`;
  },
  drive: async t => {
    const { pid } = await t.create();
    assert.match(readFileSync(`/proc/${pid}/cgroup`, 'utf8'), `:/${t.id}/deep/er\n`);
    await t.call('delete', ['--force', t.id]);
    assert.equal(
      cgroupsNamed('er').filter(path => path.includes(t.id)),
      [],
    );
    removeParents(t);
  },
});

test('cgroups/relative-path', {
  config: c => {
    sleeping(c);
    c.linux.cgroupsPath = c.linux.cgroupsPath?.slice(1) ?? '';
  },
  drive: async t => {
    const { pid } = await t.create();
    assert.match(readFileSync(`/proc/${pid}/cgroup`, 'utf8'), `/${t.id}\n`);
  },
});

test('cgroups/path-absent', {
  config: c => {
    sleeping(c);
    delete c.linux.cgroupsPath;
  },
  drive: async t => {
    const { pid } = await t.create();
    assert.match(readFileSync(`/proc/${pid}/cgroup`, 'utf8'), t.id);
    assert.ok(cgroupsNamed(t.id).length > 0);
  },
});

test('cgroups/path-with-dots-stays-below', {
  config: c => {
    sleeping(c);
    c.linux.cgroupsPath = `/../../../..${c.linux.cgroupsPath}`;
  },
  drive: async t => {
    const outside = ['/sys/fs', '/sys', '/', '/tmp'].map(dir => join(dir, t.id));
    t.afterwards(() => {
      for (const path of outside) rmSync(path, { recursive: true, force: true });
    });
    const finished = await t.call('create', ['--bundle', t.bundle.dir, t.id]);
    if (finished.code === 0) assert.not.equal(cgroupsNamed(t.id), []);
    assert.equal(
      outside.filter(path => existsSync(path)),
      [],
    );
  },
});

test('cgroups/pids-limit-stops-forks', {
  skip: needsV1,
  config: c => withResources(c, { pids: { limit: 10 } }),
  probes: ['forks 20'],
  inside: ({ at }) => {
    assert.is(at('forks 20').error, 'EAGAIN');
    assert.is(at('forks 20').made, 9);
  },
});

test('cgroups/memory-limit-kills', {
  skip: needsV1,
  config: c => {
    withResources(c, { memory: { limit: 16 << 20, swap: 16 << 20 } });
    c.process.args = ['/bin/reporter', 'allocate', '64'];
  },
  exit: 128 + 9,
});

test('cgroups/memory-swap-below-limit-is-refused', {
  config: c => withResources(c, { memory: { limit: 64 << 20, swap: 32 << 20 } }),
  refused: /swap|memory/i,
});

test('cgroups/impossible-value-is-refused', {
  skip: needsV1,
  config: c => withResources(c, { cpu: { cpus: '4000' } }),
  refused: /cpuset/,
});

const kmsg = { path: '/dev/kmsg', type: 'c', major: 1, minor: 11, fileMode: 0o666 };

test('cgroups/device-not-allowed-cannot-be-opened', {
  config: c => {
    c.linux.devices = [kmsg];
  },
  probes: ['open /dev/kmsg w'],
  inside: ({ at }) => assert.is(at('open /dev/kmsg w').error, 'EPERM'),
});

test('cgroups/device-allowed-by-a-rule', {
  config: c => {
    c.linux.devices = [kmsg];
    c.linux.resources?.devices?.push({ allow: true, type: 'c', major: 1, minor: 11, access: 'w' });
  },
  probes: ['open /dev/kmsg w', 'open /dev/kmsg rw'],
  inside: ({ at }) => {
    assert.is(at('open /dev/kmsg w').error, '');
    assert.is(at('open /dev/kmsg rw').error, 'EPERM', 'only writing is allowed');
  },
});

test('cgroups/device-rules-in-their-order', {
  config: c => {
    c.linux.devices = [kmsg];
    const rule = { type: 'c', major: 1, minor: 11, access: 'rwm' };
    c.linux.resources?.devices?.push({ allow: true, ...rule }, { allow: false, ...rule });
  },
  probes: ['open /dev/kmsg w'],
  inside: ({ at }) => assert.is(at('open /dev/kmsg w').error, 'EPERM'),
});

test('cgroups/all-devices-allowed', {
  config: c => {
    c.linux.devices = [kmsg];
    c.linux.resources = { devices: [{ allow: true, access: 'rwm' }] };
  },
  probes: ['open /dev/kmsg w'],
  inside: ({ at }) => assert.is(at('open /dev/kmsg w').error, ''),
});

test('cgroups/unified-on-v1-is-refused', {
  skip: needsV1,
  config: c => withResources(c, { unified: { 'memory.high': '1000000' } }),
  refused: /unified|cgroup/i,
});

/** No runtime removes parents that it made; another container may have been put there meanwhile. */
function removeParents(t: Driver): void {
  const below = cgroupsNamed('deep').filter(path => path.includes(t.id));
  for (const path of [...below, ...cgroupsNamed(t.id)]) rmdirSync(path);
}
