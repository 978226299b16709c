import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { LinuxResources } from '../../../spec/generated/config.js';
import { normalResources } from '../../admit/normal/resources.js';
import {
  ioWeight,
  type Limits,
  limitsV1 as limitsOfV1,
  limitsV2 as limitsOfV2,
  weightOfShares,
} from './limits.js';

const limitsV1 = (r: LinuxResources): Limits => limitsOfV1(normalResources(r, null));
const limitsV2 = (r: LinuxResources): Limits => limitsOfV2(normalResources(r, null));
const files = ({ limits }: Limits): readonly string[] => limits.map(l => `${l.file}=${l.value}`);
const v1 = (r: LinuxResources): readonly string[] => files(limitsV1(r));
const v2 = (r: LinuxResources): readonly string[] => files(limitsV2(r));

test('memory: v2 counts swap alone, v1 together with memory', () => {
  const resources = { memory: { limit: 1000, swap: 3000, reservation: 500 } };
  assert.equal(v1(resources), [
    'memory.limit_in_bytes=1000',
    'memory.memsw.limit_in_bytes=3000',
    'memory.soft_limit_in_bytes=500',
  ]);
  assert.equal(v2(resources), ['memory.max=1000', 'memory.low=500', 'memory.swap.max=2000']);
});

test('memory: -1 is no limit', () => {
  const resources = { memory: { limit: -1, swap: -1, reservation: -1 } };
  assert.equal(v1(resources), [
    'memory.limit_in_bytes=-1',
    'memory.memsw.limit_in_bytes=-1',
    'memory.soft_limit_in_bytes=-1',
  ]);
  assert.equal(v2(resources), ['memory.max=max', 'memory.low=max', 'memory.swap.max=max']);
});

test('memory: 0 is what callers in Go write for none', () => {
  const resources = { memory: { limit: 0, swap: 0, reservation: 0 } };
  assert.equal(v1(resources), []);
  assert.equal(v2(resources), []);
  assert.equal(v2({ memory: { limit: 1000, swap: 0 } }), ['memory.max=1000']);
});

test('memory: as much swap as memory means no swap at all', () => {
  assert.equal(v2({ memory: { limit: 1000, swap: 1000 } }), ['memory.max=1000', 'memory.swap.max=0']);
});

test('memory: numbers beyond 2^53 keep all digits', () => {
  const [limit, swap] = [9007199254740993n, 9223372036854775807n];
  const resources = { memory: { limit, swap } } as unknown as LinuxResources;
  assert.equal(v1(resources), [
    'memory.limit_in_bytes=9007199254740993',
    'memory.memsw.limit_in_bytes=9223372036854775807',
  ]);
  assert.equal(v2(resources), ['memory.max=9007199254740993', 'memory.swap.max=9214364837600034814']);
});

test('memory: what only v1 has is a problem on v2, unless it asks for nothing', () => {
  const resources = { memory: { kernel: 1, kernelTCP: 2, swappiness: 10, disableOOMKiller: true } };
  assert.equal(v1(resources), [
    'memory.kmem.limit_in_bytes=1',
    'memory.kmem.tcp.limit_in_bytes=2',
    'memory.swappiness=10',
    'memory.oom_control=1',
  ]);
  assert.equal(
    limitsV2(resources).problems.map(p => [p.property.join('.'), p.why]),
    [
      ['memory.kernel', 'only-on-v1'],
      ['memory.kernelTCP', 'only-on-v1'],
      ['memory.swappiness', 'only-on-v1'],
      ['memory.disableOOMKiller', 'only-on-v1'],
    ],
  );
  assert.equal(limitsV2({ memory: { disableOOMKiller: false } }).problems, []);
});

test('cpu: the period before the quota, which must not exceed it', () => {
  const resources = {
    cpu: { shares: 1024, quota: 50000, period: 200000, burst: 1000, cpus: '0-3', mems: '0' },
  };
  assert.equal(v1(resources), [
    'cpu.shares=1024',
    'cpu.cfs_period_us=200000',
    'cpu.cfs_quota_us=50000',
    'cpu.cfs_burst_us=1000',
    'cpuset.cpus=0-3',
    'cpuset.mems=0',
  ]);
  assert.equal(v2(resources), [
    'cpu.weight=100',
    'cpu.max=50000 200000',
    'cpu.max.burst=1000',
    'cpuset.cpus=0-3',
    'cpuset.mems=0',
  ]);
});

test('cpu: half a pair on v2 gets the default of the other half', () => {
  assert.equal(v2({ cpu: { quota: 50000 } }), ['cpu.max=50000 100000']);
  assert.equal(v2({ cpu: { period: 50000 } }), ['cpu.max=max 50000']);
  assert.equal(v2({ cpu: { quota: -1 } }), ['cpu.max=max 100000']);
  assert.equal(v1({ cpu: { quota: -1 } }), ['cpu.cfs_quota_us=-1']);
});

test('cpu: zeros and empty lists ask for nothing', () => {
  const resources = { cpu: { shares: 0, quota: 0, period: 0, cpus: '', mems: '' } };
  assert.equal(v1(resources), []);
  assert.equal(v2(resources), []);
  assert.equal(v2({ cpu: { realtimePeriod: 0, realtimeRuntime: 0 } }), []);
  assert.is(limitsV2({ cpu: { realtimePeriod: 1 } }).problems.length, 1);
});

test('shares become weights on a curve through 1024 = 100', () => {
  const rows: readonly (readonly [number | bigint, number])[] = [
    [0, 1],
    [1, 1],
    [2, 1],
    [1024, 100],
    [1024n, 100],
    [262144, 10000],
    [262145, 10000],
    [18446744073709551615n, 10000],
  ];
  for (const [shares, weight] of rows) assert.is(weightOfShares(shares), weight, String(shares));
  let last = 1;
  for (let shares = 2; shares <= 262144; shares += 97) {
    const weight = weightOfShares(shares);
    assert.ok(weight >= last && weight <= 10000 && Number.isInteger(weight), String(shares));
    last = weight;
  }
});

test('pids: 0 is a limit, negative is none', () => {
  for (const convert of [v1, v2]) {
    assert.equal(convert({ pids: { limit: 0 } }), ['pids.max=0']);
    assert.equal(convert({ pids: { limit: 100 } }), ['pids.max=100']);
    assert.equal(convert({ pids: { limit: -1 } }), ['pids.max=max']);
  }
});

test('I/O weights: 10 to 1000 become 1 to 10000', () => {
  assert.equal([10, 500, 1000].map(ioWeight), [1, 4950, 10000]);
  assert.equal(v1({ blockIO: { weight: 500 } }), ['blkio.bfq.weight=500']);
  // The file of cfq, which Linux 5.0 dropped.
  assert.equal(limitsV1({ blockIO: { weight: 500 } }).limits[0]?.rather, {
    file: 'blkio.weight',
    value: '500',
  });
  assert.equal(v2({ blockIO: { weight: 500 } }), ['io.weight=4950']);
  // Where bfq is the scheduler, its own file and range.
  assert.equal(limitsV2({ blockIO: { weight: 500 } }).limits[0]?.rather, {
    file: 'io.bfq.weight',
    value: '500',
  });
  assert.equal(v2({ blockIO: { weight: 0 } }), []);
  assert.is(limitsV2({ blockIO: { leafWeight: 10 } }).problems[0]?.why, 'only-on-v1');
});

test('I/O: one line for each device', () => {
  const device = { major: 8, minor: 16, rate: 1000 };
  const resources = {
    blockIO: {
      weightDevice: [{ major: 8, minor: 0, weight: 1000 }],
      throttleReadBpsDevice: [device],
      throttleWriteBpsDevice: [device],
      throttleReadIOPSDevice: [device],
      throttleWriteIOPSDevice: [device],
    },
  };
  assert.equal(v1(resources), [
    'blkio.bfq.weight_device=8:0 1000',
    'blkio.throttle.read_bps_device=8:16 1000',
    'blkio.throttle.write_bps_device=8:16 1000',
    'blkio.throttle.read_iops_device=8:16 1000',
    'blkio.throttle.write_iops_device=8:16 1000',
  ]);
  assert.equal(v2(resources), [
    'io.weight=8:0 10000',
    'io.max=8:16 rbps=1000',
    'io.max=8:16 wbps=1000',
    'io.max=8:16 riops=1000',
    'io.max=8:16 wiops=1000',
  ]);
});

test('huge pages, rdma, network', () => {
  const resources = {
    hugepageLimits: [{ pageSize: '2MB', limit: 4194304 }],
    rdma: { mlx5_1: { hcaHandles: 3, hcaObjects: 10000 }, mlx4_0: { hcaObjects: 5 } },
    network: { classID: 1048577, priorities: [{ name: 'eth0', priority: 500 }] },
  };
  const both = ['rdma.max=mlx5_1 hca_handle=3 hca_object=10000', 'rdma.max=mlx4_0 hca_object=5'];
  assert.equal(v1(resources), [
    'hugetlb.2MB.limit_in_bytes=4194304',
    'hugetlb.2MB.rsvd.limit_in_bytes=4194304',
    'net_cls.classid=1048577',
    'net_prio.ifpriomap=eth0 500',
    ...both,
  ]);
  assert.equal(v2(resources), ['hugetlb.2MB.max=4194304', 'hugetlb.2MB.rsvd.max=4194304', ...both]);
  assert.equal(
    limitsV2(resources).problems.map(p => p.property.join('.')),
    ['network.classID', 'network.priorities'],
  );
});

test('unified: any file on v2, with the controller before its dot; refused on v1', () => {
  const resources = { unified: { 'memory.high': '1G', 'cgroup.max.depth': '3' } };
  assert.equal(
    limitsV2(resources).limits.map(l => [l.controller, l.file, l.value]),
    [
      ['memory', 'memory.high', '1G'],
      ['cgroup', 'cgroup.max.depth', '3'],
    ],
  );
  assert.equal(
    limitsV1(resources).problems.map(p => [p.property.join('/'), p.why]),
    [
      ['unified/memory.high', 'only-on-v2'],
      ['unified/cgroup.max.depth', 'only-on-v2'],
    ],
  );
});

test('every limit says which property asked for it', () => {
  const resources: LinuxResources = {
    memory: { limit: 1, swap: 1, reservation: 1 },
    cpu: { shares: 1, quota: 1, period: 1, burst: 1, cpus: '0', mems: '0', idle: 1 },
    pids: { limit: 1 },
    hugepageLimits: [{ pageSize: '2MB', limit: 1 }],
  };
  for (const { limits } of [limitsV1(resources), limitsV2(resources)])
    for (const { property } of limits) {
      const value = property.reduce<unknown>(
        (at, name) => (at as Readonly<Record<string | number, unknown>> | undefined)?.[name],
        resources,
      );
      assert.ok(value !== undefined, property.join('.'));
    }
});

test('nothing asked, nothing written', () => {
  for (const convert of [limitsV1, limitsV2]) {
    assert.equal(convert({}).limits, []);
    assert.equal(convert({ memory: {}, cpu: {}, blockIO: {}, network: {}, devices: [] }).problems, []);
  }
});

test('a limit of no tasks is one, and less is none', () => {
  assert.equal(v1({ pids: { limit: 0 } }), ['pids.max=0']);
  assert.equal(v2({ pids: { limit: -1 } }), ['pids.max=max']);
});

test.run();
