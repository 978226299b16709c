/** Samples of the properties of `linux.resources`. */
import { below, type Samples } from './sample.js';

const v1 = { cgroups: 'v1' } as const;
const rule = { allow: true, type: 'c', major: 1, minor: 3, access: 'rw' };
const throttled = { major: 8, minor: 0, rate: 1000 };
const weighed = { major: 8, minor: 0, weight: 100 };

const throttle: Samples = {
  major: { value: 8, other: 9, beside: throttled },
  minor: { value: 0, other: 16, beside: throttled },
  rate: { value: 1000, other: 2000, beside: throttled },
};

const throttles = ['ReadBps', 'WriteBps', 'ReadIOPS', 'WriteIOPS'];

const weight: Samples = {
  major: { value: 8, other: 9, beside: weighed },
  minor: { value: 0, other: 16, beside: weighed },
  weight: { value: 100, other: 200, beside: weighed },
  leafWeight: { value: 100, beside: weighed },
};

export const resourcesSamples: Samples = {
  'devices[].allow': { value: true, other: false, beside: rule },
  'devices[].type': { value: 'c', other: 'b', beside: rule },
  'devices[].major': { value: 1, other: 2, beside: rule },
  'devices[].minor': { value: 3, other: 4, beside: rule },
  'devices[].access': { value: 'rw', other: 'r', beside: rule },
  'memory.limit': { value: 100_000_000 },
  'memory.reservation': { value: 100_000_000 },
  'memory.swap': { value: 200_000_000, beside: { limit: 100_000_000 } },
  'memory.kernel': { value: 100_000_000, ...v1 },
  'memory.kernelTCP': { value: 100_000_000, ...v1 },
  'memory.swappiness': { value: 10, ...v1 },
  'memory.disableOOMKiller': { value: true, ...v1 },
  'memory.useHierarchy': { value: true, ...v1 },
  'memory.checkBeforeUpdate': { value: true, beside: { limit: 100_000_000 } },
  'cpu.shares': { value: 512 },
  'cpu.quota': { value: 20_000 },
  'cpu.burst': { value: 10_000, beside: { quota: 20_000 } },
  'cpu.period': { value: 50_000, beside: { quota: 20_000 } },
  'cpu.realtimeRuntime': { value: 10_000, ...v1 },
  'cpu.realtimePeriod': { value: 100_000, ...v1 },
  'cpu.cpus': { value: '0' },
  'cpu.mems': { value: '0' },
  'cpu.idle': { value: 1 },
  'pids.limit': { value: 10 },
  'blockIO.weight': { value: 100 },
  'blockIO.leafWeight': { value: 100, ...v1 },
  ...below('blockIO.weightDevice[].', weight, v1),
  ...Object.assign({}, ...throttles.map(name => below(`blockIO.throttle${name}Device[].`, throttle))),
  'hugepageLimits[].pageSize': { value: '2MB', other: '1GB', beside: { limit: 2_097_152 } },
  'hugepageLimits[].limit': { value: 2_097_152, other: 4_194_304, beside: { pageSize: '2MB' } },
  'network.classID': { value: 5, ...v1 },
  'network.priorities[].name': { value: 'eth0', other: 'eth1', beside: { priority: 5 }, ...v1 },
  'network.priorities[].priority': { value: 5, other: 6, beside: { name: 'eth0' }, ...v1 },
  'rdma.*.hcaHandles': { value: 5, beside: { hcaObjects: 6 }, names: ['mlx5_0'] },
  'rdma.*.hcaObjects': { value: 5, beside: { hcaHandles: 6 }, names: ['mlx5_0'] },
  'unified.*': { value: '1G', names: ['memory.high'] },
};
