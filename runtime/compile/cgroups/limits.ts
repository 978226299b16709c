/**
 * linux.resources -> files of cgroup v1 and v2 (Documentation/admin-guide/cgroup-v1/, cgroup-v2.rst).
 */
import type { LinuxResources } from '../../../spec/generated/config.js';

export interface Limit {
  readonly controller: string;
  readonly file: string;
  readonly value: string;
  /** Used in place of `file` and `value` where the kernel has that file. */
  readonly rather?: { readonly file: string; readonly value: string };
  /** Path of the property below linux.resources. */
  readonly property: readonly (string | number)[];
}

export type LimitProblem = {
  readonly property: readonly (string | number)[];
  readonly why: 'only-on-v1' | 'only-on-v2';
};

export interface Limits {
  readonly limits: readonly Limit[];
  readonly problems: readonly LimitProblem[];
}

type Number = number | bigint;
type Path = readonly (string | number)[];

const orMax = (n: Number): string => (BigInt(n) < 0n ? 'max' : String(n));
/**
 * 0 is what callers in Go write for "not asked for", and what the kernel has anyway or takes for an error. It does mean something for swappiness,
 * huge pages, RDMA and the priority of an interface.
 */
const given = (n: Number | undefined): Number | undefined =>
  n === undefined || BigInt(n) === 0n ? undefined : n;
/** The same for what only v1 has: on v2 neither 0 nor -1, no limit, asks for anything. */
const limited = (n: Number | undefined): Number | undefined =>
  n === undefined || BigInt(n) <= 0n ? undefined : n;

/** A limit that takes nothing away. Where its controller is missing, nothing is missing. */
export function isUnlimited({ value }: Limit): boolean {
  return value === '-1' || value === 'max' || value.startsWith('max ');
}

class Collector {
  readonly limits: Limit[] = [];
  readonly problems: LimitProblem[] = [];
  set(controller: string, file: string, value: string | Number | undefined, ...property: Path): void {
    if (value !== undefined) this.limits.push({ controller, file, value: String(value), property });
  }
  /** Since Linux 5.0 only the scheduler bfq has weights on v1; cfq's files are for kernels that a distribution has kept it in. */
  weighV1(weight: number, device: string, ...property: Path): void {
    const suffix = device === '' ? '' : '_device';
    const value = `${device}${weight}`;
    const rather = { file: `blkio.weight${suffix}`, value };
    this.limits.push({ controller: 'blkio', file: `blkio.bfq.weight${suffix}`, value, rather, property });
  }
  /** The scheduler bfq has a file of its own, with the range of v1; the weights of io.weight are iocost's. One of them is not looked at. */
  weigh(weight: number, device: string, ...property: Path): void {
    const rather = { file: 'io.bfq.weight', value: `${device}${weight}` };
    const value = `${device}${ioWeight(weight)}`;
    this.limits.push({ controller: 'io', file: 'io.weight', value, rather, property });
  }
  refuse(why: LimitProblem['why'], value: unknown, ...property: Path): void {
    if (value !== undefined) this.problems.push({ property, why });
  }
}

const throttles = [
  ['throttleReadBpsDevice', 'blkio.throttle.read_bps_device', 'rbps'],
  ['throttleWriteBpsDevice', 'blkio.throttle.write_bps_device', 'wbps'],
  ['throttleReadIOPSDevice', 'blkio.throttle.read_iops_device', 'riops'],
  ['throttleWriteIOPSDevice', 'blkio.throttle.write_iops_device', 'wiops'],
] as const;

/** Before version 1.3 a limit of 0 tasks meant that there is none; Podman 4 writes it for --pids-limit=-1. */
export function asInVersion(ociVersion: string, r: LinuxResources): LinuxResources {
  const [major = 1, minor = 0] = ociVersion.split('.').map(part => Number.parseInt(part, 10));
  if (major > 1 || minor >= 3 || Number(r.pids?.limit) !== 0) return r;
  return { ...r, pids: { ...r.pids, limit: -1 } };
}

export function limitsV1(r: LinuxResources): Limits {
  const c = new Collector();
  const { memory, cpu, pids, blockIO, network } = r;
  if (memory) {
    c.set('memory', 'memory.limit_in_bytes', given(memory.limit), 'memory', 'limit');
    c.set('memory', 'memory.memsw.limit_in_bytes', given(memory.swap), 'memory', 'swap');
    c.set('memory', 'memory.soft_limit_in_bytes', given(memory.reservation), 'memory', 'reservation');
    c.set('memory', 'memory.kmem.limit_in_bytes', given(memory.kernel), 'memory', 'kernel');
    c.set('memory', 'memory.kmem.tcp.limit_in_bytes', given(memory.kernelTCP), 'memory', 'kernelTCP');
    c.set('memory', 'memory.swappiness', memory.swappiness, 'memory', 'swappiness');
    if (memory.disableOOMKiller === true)
      c.set('memory', 'memory.oom_control', 1, 'memory', 'disableOOMKiller');
  }
  if (cpu) {
    c.set('cpu', 'cpu.idle', given(cpu.idle), 'cpu', 'idle');
    c.set('cpu', 'cpu.shares', given(cpu.shares), 'cpu', 'shares');
    c.set('cpu', 'cpu.cfs_period_us', given(cpu.period), 'cpu', 'period');
    c.set('cpu', 'cpu.cfs_quota_us', given(cpu.quota), 'cpu', 'quota');
    c.set('cpu', 'cpu.cfs_burst_us', given(cpu.burst), 'cpu', 'burst');
    c.set('cpu', 'cpu.rt_period_us', given(cpu.realtimePeriod), 'cpu', 'realtimePeriod');
    c.set('cpu', 'cpu.rt_runtime_us', given(cpu.realtimeRuntime), 'cpu', 'realtimeRuntime');
    c.set('cpuset', 'cpuset.cpus', cpu.cpus || undefined, 'cpu', 'cpus');
    c.set('cpuset', 'cpuset.mems', cpu.mems || undefined, 'cpu', 'mems');
  }
  if (pids?.limit !== undefined) c.set('pids', 'pids.max', orMax(pids.limit), 'pids', 'limit');
  if (blockIO) {
    if (blockIO.weight) c.weighV1(blockIO.weight, '', 'blockIO', 'weight');
    c.set('blkio', 'blkio.leaf_weight', blockIO.leafWeight || undefined, 'blockIO', 'leafWeight');
    blockIO.weightDevice?.forEach((d, i) => {
      if (d.weight) c.weighV1(d.weight, `${d.major}:${d.minor} `, 'blockIO', 'weightDevice', i);
      if (d.leafWeight)
        c.set(
          'blkio',
          'blkio.leaf_weight_device',
          `${d.major}:${d.minor} ${d.leafWeight}`,
          'blockIO',
          'weightDevice',
          i,
        );
    });
    for (const [property, file] of throttles)
      blockIO[property]?.forEach((d, i) => {
        if (given(d.rate) !== undefined)
          c.set('blkio', file, `${d.major}:${d.minor} ${d.rate}`, 'blockIO', property, i);
      });
  }
  r.hugepageLimits?.forEach((h, i) => {
    c.set('hugetlb', `hugetlb.${h.pageSize}.limit_in_bytes`, h.limit, 'hugepageLimits', i);
    // What is reserved (mmap without touching) counts apart, Linux 5.7; without this limit one container reserves all there are.
    c.set('hugetlb', `hugetlb.${h.pageSize}.rsvd.limit_in_bytes`, h.limit, 'hugepageLimits', i);
  });
  if (network) {
    c.set('net_cls', 'net_cls.classid', network.classID || undefined, 'network', 'classID');
    network.priorities?.forEach((p, i) => {
      c.set('net_prio', 'net_prio.ifpriomap', `${p.name} ${p.priority}`, 'network', 'priorities', i);
    });
  }
  rdma(r, c);
  for (const key of Object.keys(r.unified ?? {})) c.refuse('only-on-v2', key, 'unified', key);
  return c;
}

/**
 * cpu.shares (2 to 262144) to cpu.weight (1 to 10000): the curve that crun and runc have used since 2025, which maps the default
 * 1024 to the default 100. With l = log2(shares): 10^((l*l + 125*l) / 612 - 7/34), rounded up.
 */
export function weightOfShares(shares: Number): number {
  const n = Number(shares);
  if (n <= 2) return 1;
  if (n >= 262144) return 10000;
  const l = Math.log2(n);
  return Math.ceil(10 ** ((l * l + 125 * l) / 612 - 7 / 34));
}

/** blkio weight (10 to 1000) to io.weight (1 to 10000), linear as systemd does. */
export function ioWeight(weight: number): number {
  return 1 + Math.floor(((weight - 10) * 9999) / 990);
}

function rdma(r: LinuxResources, c: Collector): void {
  for (const [device, l] of Object.entries(r.rdma ?? {})) {
    const parts = [device];
    if (l.hcaHandles !== undefined) parts.push(`hca_handle=${l.hcaHandles}`);
    if (l.hcaObjects !== undefined) parts.push(`hca_object=${l.hcaObjects}`);
    c.set('rdma', 'rdma.max', parts.join(' '), 'rdma', device);
  }
}

export function limitsV2(r: LinuxResources): Limits {
  const c = new Collector();
  const { memory, cpu, pids, blockIO, network } = r;
  if (memory) {
    c.refuse('only-on-v1', limited(memory.kernel), 'memory', 'kernel');
    c.refuse('only-on-v1', limited(memory.kernelTCP), 'memory', 'kernelTCP');
    c.refuse('only-on-v1', memory.swappiness, 'memory', 'swappiness');
    c.refuse('only-on-v1', memory.disableOOMKiller === true ? true : undefined, 'memory', 'disableOOMKiller');
    const [limit, low, swap] = [given(memory.limit), given(memory.reservation), given(memory.swap)];
    if (limit !== undefined) c.set('memory', 'memory.max', orMax(limit), 'memory', 'limit');
    if (low !== undefined) c.set('memory', 'memory.low', orMax(low), 'memory', 'reservation');
    // config.json counts memory and swap together, v2 swap alone; a swap that is a number comes with a limit (admit).
    if (swap !== undefined)
      c.set(
        'memory',
        'memory.swap.max',
        orMax(BigInt(swap) < 0n ? swap : BigInt(swap) - BigInt(limit ?? 0)),
        'memory',
        'swap',
      );
  }
  if (cpu) {
    c.refuse('only-on-v1', limited(cpu.realtimePeriod), 'cpu', 'realtimePeriod');
    c.refuse('only-on-v1', limited(cpu.realtimeRuntime), 'cpu', 'realtimeRuntime');
    c.set('cpu', 'cpu.idle', given(cpu.idle), 'cpu', 'idle');
    const [shares, quota, period] = [given(cpu.shares), given(cpu.quota), given(cpu.period)];
    if (shares !== undefined) c.set('cpu', 'cpu.weight', weightOfShares(shares), 'cpu', 'shares');
    if (quota !== undefined || period !== undefined)
      c.set(
        'cpu',
        'cpu.max',
        `${orMax(quota ?? -1)} ${period ?? 100000}`,
        'cpu',
        quota === undefined ? 'period' : 'quota',
      );
    c.set('cpu', 'cpu.max.burst', given(cpu.burst), 'cpu', 'burst');
    c.set('cpuset', 'cpuset.cpus', cpu.cpus || undefined, 'cpu', 'cpus');
    c.set('cpuset', 'cpuset.mems', cpu.mems || undefined, 'cpu', 'mems');
  }
  if (pids?.limit !== undefined) c.set('pids', 'pids.max', orMax(pids.limit), 'pids', 'limit');
  if (blockIO) {
    if (blockIO.weight) c.weigh(blockIO.weight, '', 'blockIO', 'weight');
    c.refuse('only-on-v1', blockIO.leafWeight || undefined, 'blockIO', 'leafWeight');
    blockIO.weightDevice?.forEach((d, i) => {
      c.refuse('only-on-v1', d.leafWeight || undefined, 'blockIO', 'weightDevice', i, 'leafWeight');
      if (d.weight) c.weigh(d.weight, `${d.major}:${d.minor} `, 'blockIO', 'weightDevice', i);
    });
    for (const [property, , key] of throttles)
      blockIO[property]?.forEach((d, i) => {
        if (given(d.rate) !== undefined)
          c.set('io', 'io.max', `${d.major}:${d.minor} ${key}=${d.rate}`, 'blockIO', property, i);
      });
  }
  r.hugepageLimits?.forEach((h, i) => {
    c.set('hugetlb', `hugetlb.${h.pageSize}.max`, h.limit, 'hugepageLimits', i);
    c.set('hugetlb', `hugetlb.${h.pageSize}.rsvd.max`, h.limit, 'hugepageLimits', i);
  });
  c.refuse('only-on-v1', network?.classID || undefined, 'network', 'classID');
  c.refuse('only-on-v1', network?.priorities?.length ? true : undefined, 'network', 'priorities');
  rdma(r, c);
  for (const [key, value] of Object.entries(r.unified ?? {}))
    c.set(key.slice(0, Math.max(0, key.indexOf('.'))), key, value, 'unified', key);
  return c;
}
