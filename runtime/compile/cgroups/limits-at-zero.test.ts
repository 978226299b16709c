/** Every limit at 0 and at -1, on both versions. The same table against real kernels: conformance/suite/cases/limits.ts, conformance/vm/cases/limits.ts. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { LinuxResources } from '../../../spec/generated/config.js';
import { normalResources } from '../../admit/normal/resources.js';
import { isUnlimited, type Limits, limitsV1, limitsV2 } from './limits.js';

const device = { major: 8, minor: 16 };
const nothing: readonly string[] = [];

interface Row {
  readonly name: string;
  readonly with: (value: number) => LinuxResources;
  /** Lines written at 0 and at -1; 'refused' where that version has not got it; null: admit refuses the value. */
  readonly v1: readonly [readonly string[] | null, readonly string[] | null];
  readonly v2: readonly [readonly string[] | 'refused' | null, readonly string[] | 'refused' | null];
}

const rows: readonly Row[] = [
  {
    name: 'memory.limit',
    with: limit => ({ memory: { limit } }),
    v1: [nothing, ['memory.limit_in_bytes=-1']],
    v2: [nothing, ['memory.max=max']],
  },
  {
    name: 'memory.swap',
    with: swap => ({ memory: { swap } }),
    v1: [nothing, ['memory.memsw.limit_in_bytes=-1']],
    v2: [nothing, ['memory.swap.max=max']],
  },
  {
    name: 'memory.reservation',
    with: reservation => ({ memory: { reservation } }),
    v1: [nothing, ['memory.soft_limit_in_bytes=-1']],
    v2: [nothing, ['memory.low=max']],
  },
  {
    name: 'memory.kernel',
    with: kernel => ({ memory: { kernel } }),
    v1: [nothing, ['memory.kmem.limit_in_bytes=-1']],
    v2: [nothing, nothing],
  },
  {
    name: 'memory.kernelTCP',
    with: kernelTCP => ({ memory: { kernelTCP } }),
    v1: [nothing, ['memory.kmem.tcp.limit_in_bytes=-1']],
    v2: [nothing, nothing],
  },
  {
    // 0 is a choice: swap only to avoid running out of memory.
    name: 'memory.swappiness',
    with: swappiness => ({ memory: { swappiness } }),
    v1: [['memory.swappiness=0'], null],
    v2: ['refused', null],
  },
  { name: 'cpu.shares', with: shares => ({ cpu: { shares } }), v1: [nothing, null], v2: [nothing, null] },
  {
    name: 'cpu.quota',
    with: quota => ({ cpu: { quota } }),
    v1: [nothing, ['cpu.cfs_quota_us=-1']],
    v2: [nothing, ['cpu.max=max 100000']],
  },
  { name: 'cpu.period', with: period => ({ cpu: { period } }), v1: [nothing, null], v2: [nothing, null] },
  { name: 'cpu.burst', with: burst => ({ cpu: { burst } }), v1: [nothing, null], v2: [nothing, null] },
  {
    name: 'cpu.realtimeRuntime',
    with: realtimeRuntime => ({ cpu: { realtimeRuntime } }),
    v1: [nothing, ['cpu.rt_runtime_us=-1']],
    v2: [nothing, nothing],
  },
  {
    name: 'cpu.realtimePeriod',
    with: realtimePeriod => ({ cpu: { realtimePeriod } }),
    v1: [nothing, null],
    v2: [nothing, null],
  },
  {
    name: 'cpu.idle',
    with: idle => ({ cpu: { idle } }),
    v1: [nothing, ['cpu.idle=-1']],
    v2: [nothing, ['cpu.idle=-1']],
  },
  {
    // Before version 1.3 of the specification 0 is none: `asInVersion`.
    name: 'pids.limit',
    with: limit => ({ pids: { limit } }),
    v1: [['pids.max=0'], ['pids.max=max']],
    v2: [['pids.max=0'], ['pids.max=max']],
  },
  {
    name: 'blockIO.weight',
    with: weight => ({ blockIO: { weight } }),
    v1: [nothing, null],
    v2: [nothing, null],
  },
  {
    name: 'blockIO.leafWeight',
    with: leafWeight => ({ blockIO: { leafWeight } }),
    v1: [nothing, null],
    v2: [nothing, null],
  },
  {
    name: 'blockIO.weightDevice',
    with: weight => ({ blockIO: { weightDevice: [{ ...device, weight, leafWeight: weight }] } }),
    v1: [nothing, null],
    v2: [nothing, null],
  },
  ...(
    [
      'throttleReadBpsDevice',
      'throttleWriteBpsDevice',
      'throttleReadIOPSDevice',
      'throttleWriteIOPSDevice',
    ] as const
  ).map(
    (name): Row => ({
      name: `blockIO.${name}`,
      with: rate => ({ blockIO: { [name]: [{ ...device, rate }] } }),
      v1: [nothing, null],
      v2: [nothing, null],
    }),
  ),
  {
    // Kubernetes writes 0 for a pod that may have none.
    name: 'hugepageLimits',
    with: limit => ({ hugepageLimits: [{ pageSize: '2MB', limit }] }),
    v1: [['hugetlb.2MB.limit_in_bytes=0', 'hugetlb.2MB.rsvd.limit_in_bytes=0'], null],
    v2: [['hugetlb.2MB.max=0', 'hugetlb.2MB.rsvd.max=0'], null],
  },
  {
    name: 'network.classID',
    with: classID => ({ network: { classID } }),
    v1: [nothing, null],
    v2: [nothing, null],
  },
  {
    name: 'network.priorities',
    with: priority => ({ network: { priorities: [{ name: 'lo', priority }] } }),
    v1: [['net_prio.ifpriomap=lo 0'], null],
    v2: ['refused', null],
  },
  {
    name: 'rdma',
    with: hcaHandles => ({ rdma: { mlx5_1: { hcaHandles } } }),
    v1: [['rdma.max=mlx5_1 hca_handle=0'], null],
    v2: [['rdma.max=mlx5_1 hca_handle=0'], null],
  },
];

function told({ limits, problems }: Limits): readonly string[] | 'refused' {
  return problems.length > 0 ? 'refused' : limits.map(l => `${l.file}=${l.value}`);
}

for (const { name, with: change, v1, v2 } of rows)
  test(`${name} at 0 and at -1`, () => {
    for (const [index, value] of [0, -1].entries()) {
      if (v1[index] !== null)
        assert.equal(told(limitsV1(normalResources(change(value), null))), v1[index], `v1 at ${value}`);
      if (v2[index] !== null)
        assert.equal(told(limitsV2(normalResources(change(value), null))), v2[index], `v2 at ${value}`);
    }
  });

test('no limit is nothing that a controller would be missed for', () => {
  const none: LinuxResources = { memory: { limit: -1, swap: -1 }, cpu: { quota: -1 }, pids: { limit: -1 } };
  for (const convert of [limitsV1, limitsV2])
    assert.equal(
      convert(normalResources(none, null)).limits.filter(limit => !isUnlimited(limit)),
      [],
    );
  assert.is(limitsV2(normalResources({ pids: { limit: 0 } }, null)).limits.some(isUnlimited), false);
});

test.run();
