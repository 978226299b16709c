/** `update` on v1: each option, files of limits, the order that the kernel wants, and that nothing is left of what failed. For v2: conformance/vm/cases/update.ts. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Config } from '../../harness/config.js';
import { type Driver, test } from '../case.js';

const v1 = '/sys/fs/cgroup';
const needsV1 = (): string | undefined =>
  existsSync(`${v1}/memory/cgroup.procs`) ? undefined : 'needs the controllers of cgroup v1';

function sleeping(c: Config): void {
  c.process.args = ['/bin/reporter', 'sleep'];
}

async function running(t: Driver): Promise<Awaited<ReturnType<Driver['create']>>> {
  const created = await t.create();
  await t.start();
  await created.printed('ready');
  return created;
}

/** What stands in `CONTROLLER/FILE` of the container. */
const limit = (t: Driver, file: string): string => {
  const [controller = '', name = ''] = file.split('/');
  return readFileSync(join(v1, controller, t.id, name), 'utf8').trim();
};

async function good(t: Driver, args: readonly string[], stdin?: string): Promise<void> {
  const finished = await t.call('update', [...args, t.id], stdin === undefined ? {} : { stdin });
  assert.is(finished.code, 0, `${args.join(' ')}: ${finished.stderr}`);
}

/** A file with that text. */
function written(t: Driver, text: string): string {
  const path = join(t.dir, 'resources.json');
  writeFileSync(path, text);
  return path;
}

const unlimited = '9223372036854771712';
const megabytes = (n: number): string => String(n * 1024 * 1024);

/** Options, and the file with what it then holds. */
const table: readonly (readonly [options: readonly string[], file: string, value: string])[] = [
  [
    ['--memory', megabytes(300), '--memory-swap', megabytes(400)],
    'memory/memory.limit_in_bytes',
    megabytes(300),
  ],
  [['--memory-reservation', megabytes(200)], 'memory/memory.soft_limit_in_bytes', megabytes(200)],
  [['--cpu-share', '512'], 'cpu/cpu.shares', '512'],
  [['--cpu-period', '50000'], 'cpu/cpu.cfs_period_us', '50000'],
  [['--cpu-quota', '20000'], 'cpu/cpu.cfs_quota_us', '20000'],
  [['--cpuset-cpus', '0'], 'cpuset/cpuset.cpus', '0'],
  [['--cpuset-mems', '0'], 'cpuset/cpuset.mems', '0'],
  [['--pids-limit', '77'], 'pids/pids.max', '77'],
  [['--pids-limit', '-1'], 'pids/pids.max', 'max'],
  [['--cpu-quota', '-1'], 'cpu/cpu.cfs_quota_us', '-1'],
];

test('update/options', {
  skip: needsV1,
  config: sleeping,
  drive: async t => {
    await running(t);
    for (const [options, file, value] of table) {
      await good(t, options);
      assert.is(limit(t, file), value, options.join(' '));
    }
    assert.is(limit(t, 'memory/memory.memsw.limit_in_bytes'), megabytes(400));
    assert.is((await t.state()).status, 'running');
  },
});

test('update/more-options', {
  skip: needsV1,
  config: sleeping,
  drive: async t => {
    await running(t);
    await good(t, ['--cpu-quota', '20000']);
    await good(t, ['--cpu-burst', '10000']);
    assert.is(limit(t, 'cpu/cpu.cfs_burst_us'), '10000');
    await good(t, ['--cpu-idle', '1']);
    assert.is(limit(t, 'cpu/cpu.idle'), '1');
    await good(t, ['--blkio-weight', '500']);
    assert.is(limit(t, 'blkio/blkio.bfq.weight'), '500');
    await good(t, ['--kernel-memory-tcp', megabytes(10)]);
    assert.is(limit(t, 'memory/memory.kmem.tcp.limit_in_bytes'), megabytes(10));
    await good(t, ['--cpu-rt-period', '500000']);
    assert.is(limit(t, 'cpu/cpu.rt_period_us'), '500000');
  },
});

test('update/what-this-kernel-has-not-is-told', {
  skip: runtime =>
    needsV1() ?? (runtime.startsWith('chos') ? undefined : 'the others take some of it for done'),
  config: sleeping,
  drive: async t => {
    await running(t);
    for (const [option, value, words] of [
      ['--cpu-rt-runtime', '2000000', 'cpu.rt_runtime_us'],
      ['--kernel-memory', '1', 'memory.kmem.limit_in_bytes'],
      ['--l3-cache-schema', 'L3:0=f', 'resctrl'],
      ['--mem-bw-schema', 'MB:0=20', 'resctrl'],
    ] as const) {
      const finished = await t.call('update', [option, value, t.id]);
      if (option === '--kernel-memory' && finished.code === 0) continue;
      assert.is.not(finished.code, 0, option);
      assert.match(finished.stderr, words);
      assert.is(finished.stderr.trim().split('\n').length, 1);
    }
  },
});

const resources = JSON.stringify({
  memory: { limit: 200 * 1024 * 1024 },
  cpu: { shares: 300, quota: 30_000, period: 60_000, cpus: '0' },
  pids: { limit: 55 },
});

function hasResources(t: Driver): void {
  assert.equal(
    ['memory/memory.limit_in_bytes', 'cpu/cpu.shares', 'cpu/cpu.cfs_quota_us', 'cpu/cpu.cfs_period_us'].map(
      file => limit(t, file),
    ),
    [megabytes(200), '300', '30000', '60000'],
  );
  assert.equal([limit(t, 'cpuset/cpuset.cpus'), limit(t, 'pids/pids.max')], ['0', '55']);
}

/** Podman, containerd and CRI-O in turn. */
for (const [name, spelling] of [
  ['a-file', (path: string) => [`--resources=${path}`]],
  ['standard-input', () => ['--resources=-']],
  ['standard-input-in-two-words', () => ['--resources', '-']],
  ['the-short-option', (path: string) => ['-r', path]],
] as const)
  test(`update/from-${name}`, {
    skip: needsV1,
    config: sleeping,
    drive: async t => {
      await running(t);
      const path = written(t, resources);
      await good(t, spelling(path), path);
      hasResources(t);
    },
  });

/** The kernel takes neither a limit of memory above that of memory and swap, nor a quota below the burst. */
test('update/down-and-up-again', {
  skip: needsV1,
  config: sleeping,
  drive: async t => {
    await running(t);
    for (const [memory, swap] of [
      [100, 120],
      [400, 500],
      [60, 60],
      [300, 310],
    ] as const) {
      await good(t, ['--memory', megabytes(memory), '--memory-swap', megabytes(swap)]);
      assert.is(limit(t, 'memory/memory.limit_in_bytes'), megabytes(memory));
      assert.is(limit(t, 'memory/memory.memsw.limit_in_bytes'), megabytes(swap));
    }
    await good(t, ['--memory', '-1']);
    assert.is(limit(t, 'memory/memory.limit_in_bytes'), unlimited);
    assert.is(limit(t, 'memory/memory.memsw.limit_in_bytes'), unlimited);
  },
});

test('update/burst-down-and-up-again', {
  skip: needsV1,
  config: sleeping,
  drive: async t => {
    await running(t);
    for (const [quota, burst] of [
      [50_000, 40_000],
      [9000, 8000],
      [60_000, 60_000],
    ]) {
      await good(t, ['-r', written(t, JSON.stringify({ cpu: { quota, burst } }))]);
      assert.equal(
        [limit(t, 'cpu/cpu.cfs_quota_us'), limit(t, 'cpu/cpu.cfs_burst_us')],
        [String(quota), String(burst)],
      );
    }
  },
});

test('update/below-what-is-used-changes-nothing', {
  skip: needsV1,
  config: sleeping,
  drive: async t => {
    await running(t);
    const files = ['cpu/cpu.shares', 'cpu/cpu.cfs_quota_us', 'pids/pids.max', 'memory/memory.limit_in_bytes'];
    await good(t, ['--pids-limit', '90', '--memory', megabytes(300)]);
    const before = files.map(file => limit(t, file));
    const finished = await t.call('update', [
      ...['--cpu-share', '200', '--cpu-quota', '30000', '--pids-limit', '20', '--memory', '4096', t.id],
    ]);
    assert.is.not(finished.code, 0);
    assert.match(finished.stderr, /[Bb]usy|in use|current usage/);
    assert.equal(
      files.map(file => limit(t, file)),
      before,
    );
    assert.is((await t.state()).status, 'running');
  },
});

/** The first device of the host for which the kernel takes a rule. */
const device = (): string => readFileSync(`/sys/block/${readdirSync('/sys/block')[0]}/dev`, 'utf8').trim();

test('update/limits-of-devices-come-back', {
  skip: needsV1,
  config: sleeping,
  drive: async t => {
    await running(t);
    const [major, minor] = device().split(':').map(Number);
    const rate = (value: number, more: object = {}): string =>
      written(
        t,
        JSON.stringify({ blockIO: { throttleReadBpsDevice: [{ major, minor, rate: value }] }, ...more }),
      );
    const file = 'blkio/blkio.throttle.read_bps_device';
    const wrong = { cpu: { cpus: '4000' } };
    assert.is.not((await t.call('update', ['-r', rate(5000, wrong), t.id])).code, 0);
    assert.is(limit(t, file), '', 'there was none');
    await good(t, ['-r', rate(1000)]);
    assert.is(limit(t, file), `${major}:${minor} 1000`);
    assert.is.not((await t.call('update', ['-r', rate(5000, wrong), t.id])).code, 0);
    assert.is(limit(t, file), `${major}:${minor} 1000`);
  },
});

test('update/rules-for-devices-stay', {
  skip: needsV1,
  config: sleeping,
  drive: async t => {
    await running(t);
    writeFileSync(join(v1, 'devices', t.id, 'devices.allow'), 'c 195:* rwm');
    const before = limit(t, 'devices/devices.list');
    await good(t, ['-r', written(t, '{"devices":[{"allow":false,"access":"rwm"}],"pids":{"limit":30}}')]);
    await good(t, ['--pids-limit', '31']);
    assert.is(limit(t, 'devices/devices.list'), before);
  },
});

test('update/of-one-that-is-created-or-paused', {
  skip: needsV1,
  config: sleeping,
  drive: async t => {
    const created = await t.create();
    await good(t, ['--pids-limit', '40']);
    await t.start();
    await created.printed('ready');
    await t.call('pause', [t.id]);
    await good(t, ['--pids-limit', '41']);
    assert.is(limit(t, 'pids/pids.max'), '41');
    await t.call('resume', [t.id]);
  },
});

test('update/of-one-that-has-ended', {
  config: sleeping,
  drive: async t => {
    const created = await running(t);
    await t.call('kill', [t.id, 'KILL']);
    await created.ended();
    const finished = await t.call('update', ['--pids-limit', '40', t.id]);
    assert.is.not(finished.code, 0);
    assert.match(finished.stderr, /not running|stopped/);
  },
});

for (const [name, text, words] of [
  ['no-json', 'nothing', /JSON|json|lexical|invalid/],
  ['a-word-for-a-number', '{"pids":{"limit":"many"}}', /limit|number|string/],
  ['a-limit-above-64-bits', '{"memory":{"limit":99999999999999999999}}', /limit|number|range|overflow/],
] as const)
  test(`update/refused-${name}`, {
    skip: runtime => (runtime === 'crun' ? 'crun 1.8 takes words for numbers' : undefined),
    config: sleeping,
    drive: async t => {
      await running(t);
      const finished = await t.call('update', ['-r', written(t, text), t.id]);
      assert.is.not(finished.code, 0);
      assert.match(finished.stderr, words);
      assert.is((await t.state()).status, 'running');
    },
  });

test('update/of-an-unknown-container', {
  drive: async t => {
    const finished = await t.call('update', ['--pids-limit', '40', t.id]);
    assert.is.not(finished.code, 0);
    assert.match(finished.stderr, /does not exist|No such file/);
  },
});
