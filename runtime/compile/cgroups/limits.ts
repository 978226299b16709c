/**
 * linux.resources -> files of cgroup v1 and v2 (Documentation/admin-guide/cgroup-v1/, cgroup-v2.rst).
 */
import type { Integer, NormalResources } from '../../../spec/normal-resources.js';

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
  readonly why: 'only-on-v1' | 'only-on-v2' | 'needs-limit';
};

export interface Limits {
  readonly limits: readonly Limit[];
  readonly problems: readonly LimitProblem[];
}

type Path = readonly (string | number)[];

const orMax = (n: Integer): string => (n < 0 ? 'max' : String(n));
/** For what only v1 has: on v2 no limit, -1, asks for nothing. */
const limited = (n: Integer | null): Integer | null => (n === null || n <= 0 ? null : n);

/** A limit that takes nothing away. Where its controller is missing, nothing is missing. */
export function isUnlimited({ value }: Limit): boolean {
  return value === '-1' || value === 'max' || value.startsWith('max ');
}

class Collector {
  readonly limits: Limit[] = [];
  readonly problems: LimitProblem[] = [];
  set(controller: string, file: string, value: string | Integer | null, ...property: Path): void {
    if (value !== null) this.limits.push({ controller, file, value: String(value), property });
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
  refuse(why: LimitProblem['why'], value: string | Integer | null, ...property: Path): void {
    if (value !== null) this.problems.push({ property, why });
  }
}

const throttles = [
  ['readBytesPerSecond', 'throttleReadBpsDevice', 'blkio.throttle.read_bps_device', 'rbps'],
  ['writeBytesPerSecond', 'throttleWriteBpsDevice', 'blkio.throttle.write_bps_device', 'wbps'],
  ['readOperationsPerSecond', 'throttleReadIOPSDevice', 'blkio.throttle.read_iops_device', 'riops'],
  ['writeOperationsPerSecond', 'throttleWriteIOPSDevice', 'blkio.throttle.write_iops_device', 'wiops'],
] as const;

export function limitsV1(r: NormalResources): Limits {
  const c = new Collector();
  const { memory, cpu, network } = r;
  c.set('memory', 'memory.limit_in_bytes', memory.limitBytes, 'memory', 'limit');
  c.set('memory', 'memory.memsw.limit_in_bytes', memory.swapBytes, 'memory', 'swap');
  c.set('memory', 'memory.soft_limit_in_bytes', memory.reservationBytes, 'memory', 'reservation');
  c.set('memory', 'memory.kmem.limit_in_bytes', memory.kernelBytes, 'memory', 'kernel');
  c.set('memory', 'memory.kmem.tcp.limit_in_bytes', memory.kernelTcpBytes, 'memory', 'kernelTCP');
  c.set('memory', 'memory.swappiness', memory.swappiness, 'memory', 'swappiness');
  c.set('memory', 'memory.oom_control', memory.oomKillerDisabled ? 1 : null, 'memory', 'disableOOMKiller');
  c.set('cpu', 'cpu.idle', cpu.idle, 'cpu', 'idle');
  c.set('cpu', 'cpu.shares', cpu.shares, 'cpu', 'shares');
  c.set('cpu', 'cpu.cfs_period_us', cpu.periodMicroseconds, 'cpu', 'period');
  c.set('cpu', 'cpu.cfs_quota_us', cpu.quotaMicroseconds, 'cpu', 'quota');
  c.set('cpu', 'cpu.cfs_burst_us', cpu.burstMicroseconds, 'cpu', 'burst');
  c.set('cpu', 'cpu.rt_period_us', cpu.realtimePeriodMicroseconds, 'cpu', 'realtimePeriod');
  c.set('cpu', 'cpu.rt_runtime_us', cpu.realtimeRuntimeMicroseconds, 'cpu', 'realtimeRuntime');
  c.set('cpuset', 'cpuset.cpus', cpu.cpus, 'cpu', 'cpus');
  c.set('cpuset', 'cpuset.mems', cpu.mems, 'cpu', 'mems');
  tasks(r, c);
  blockIoV1(r, c);
  r.hugepageLimits.forEach(({ pageSize, limitBytes }, i) => {
    c.set('hugetlb', `hugetlb.${pageSize}.limit_in_bytes`, limitBytes, 'hugepageLimits', i);
    // What is reserved (mmap without touching) counts apart, Linux 5.7; without this limit one container reserves all there are.
    c.set('hugetlb', `hugetlb.${pageSize}.rsvd.limit_in_bytes`, limitBytes, 'hugepageLimits', i);
  });
  c.set('net_cls', 'net_cls.classid', network.classId, 'network', 'classID');
  network.priorities.forEach((p, i) => {
    c.set('net_prio', 'net_prio.ifpriomap', `${p.name} ${p.priority}`, 'network', 'priorities', i);
  });
  rdma(r, c);
  for (const [file] of r.unified) c.refuse('only-on-v2', file, 'unified', file);
  return c;
}

function tasks({ pidsLimit }: NormalResources, c: Collector): void {
  c.set('pids', 'pids.max', pidsLimit === null ? null : orMax(pidsLimit), 'pids', 'limit');
}

function blockIoV1({ blockIo }: NormalResources, c: Collector): void {
  if (blockIo.weight !== null) c.weighV1(blockIo.weight, '', 'blockIO', 'weight');
  c.set('blkio', 'blkio.leaf_weight', blockIo.leafWeight, 'blockIO', 'leafWeight');
  blockIo.weightDevices.forEach(({ major, minor, weight, leafWeight }, i) => {
    const at: Path = ['blockIO', 'weightDevice', i];
    if (weight !== null) c.weighV1(weight, `${major}:${minor} `, ...at);
    const leaf = leafWeight === null ? null : `${major}:${minor} ${leafWeight}`;
    c.set('blkio', 'blkio.leaf_weight_device', leaf, ...at);
  });
  for (const [list, property, file] of throttles)
    blockIo[list].forEach(({ major, minor, rate }, i) => {
      if (rate !== null) c.set('blkio', file, `${major}:${minor} ${rate}`, 'blockIO', property, i);
    });
}

/**
 * cpu.shares (2 to 262144) to cpu.weight (1 to 10000): the curve that crun and runc have used since 2025, which maps the default
 * 1024 to the default 100. With l = log2(shares): 10^((l*l + 125*l) / 612 - 7/34), rounded up.
 */
export function weightOfShares(shares: Integer): number {
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

function rdma(r: NormalResources, c: Collector): void {
  for (const { device, hcaHandles, hcaObjects } of r.rdma) {
    const parts = [device];
    if (hcaHandles !== null) parts.push(`hca_handle=${hcaHandles}`);
    if (hcaObjects !== null) parts.push(`hca_object=${hcaObjects}`);
    c.set('rdma', 'rdma.max', parts.join(' '), 'rdma', device);
  }
}

export function limitsV2(r: NormalResources): Limits {
  const c = new Collector();
  const { network } = r;
  memoryV2(r, c);
  cpuV2(r, c);
  tasks(r, c);
  blockIoV2(r, c);
  r.hugepageLimits.forEach(({ pageSize, limitBytes }, i) => {
    c.set('hugetlb', `hugetlb.${pageSize}.max`, limitBytes, 'hugepageLimits', i);
    c.set('hugetlb', `hugetlb.${pageSize}.rsvd.max`, limitBytes, 'hugepageLimits', i);
  });
  c.refuse('only-on-v1', network.classId, 'network', 'classID');
  c.refuse('only-on-v1', network.priorities.length || null, 'network', 'priorities');
  rdma(r, c);
  for (const [file, value] of r.unified)
    c.set(file.slice(0, Math.max(0, file.indexOf('.'))), file, value, 'unified', file);
  return c;
}

function memoryV2({ memory }: NormalResources, c: Collector): void {
  c.refuse('only-on-v1', limited(memory.kernelBytes), 'memory', 'kernel');
  c.refuse('only-on-v1', limited(memory.kernelTcpBytes), 'memory', 'kernelTCP');
  c.refuse('only-on-v1', memory.swappiness, 'memory', 'swappiness');
  c.refuse('only-on-v1', memory.oomKillerDisabled ? 1 : null, 'memory', 'disableOOMKiller');
  const { limitBytes: limit, reservationBytes: low, swapBytes: swap } = memory;
  c.set('memory', 'memory.max', limit === null ? null : orMax(limit), 'memory', 'limit');
  c.set('memory', 'memory.low', low === null ? null : orMax(low), 'memory', 'reservation');
  // config.json counts memory and swap together, v2 swap alone; in config.json a swap that is a number comes with a limit (admit).
  if (swap !== null && swap >= 0 && limit === null) c.refuse('needs-limit', swap, 'memory', 'swap');
  else if (swap !== null)
    c.set(
      'memory',
      'memory.swap.max',
      orMax(swap < 0 ? swap : BigInt(swap) - BigInt(limit ?? 0)),
      'memory',
      'swap',
    );
}

function cpuV2({ cpu }: NormalResources, c: Collector): void {
  c.refuse('only-on-v1', limited(cpu.realtimePeriodMicroseconds), 'cpu', 'realtimePeriod');
  c.refuse('only-on-v1', limited(cpu.realtimeRuntimeMicroseconds), 'cpu', 'realtimeRuntime');
  c.set('cpu', 'cpu.idle', cpu.idle, 'cpu', 'idle');
  const { shares, quotaMicroseconds: quota, periodMicroseconds: period } = cpu;
  c.set('cpu', 'cpu.weight', shares === null ? null : weightOfShares(shares), 'cpu', 'shares');
  if (quota !== null || period !== null)
    c.set(
      'cpu',
      'cpu.max',
      `${orMax(quota ?? -1)} ${period ?? 100000}`,
      'cpu',
      quota === null ? 'period' : 'quota',
    );
  c.set('cpu', 'cpu.max.burst', cpu.burstMicroseconds, 'cpu', 'burst');
  c.set('cpuset', 'cpuset.cpus', cpu.cpus, 'cpu', 'cpus');
  c.set('cpuset', 'cpuset.mems', cpu.mems, 'cpu', 'mems');
}

function blockIoV2({ blockIo }: NormalResources, c: Collector): void {
  if (blockIo.weight !== null) c.weigh(blockIo.weight, '', 'blockIO', 'weight');
  c.refuse('only-on-v1', blockIo.leafWeight, 'blockIO', 'leafWeight');
  blockIo.weightDevices.forEach(({ major, minor, weight, leafWeight }, i) => {
    c.refuse('only-on-v1', leafWeight, 'blockIO', 'weightDevice', i, 'leafWeight');
    if (weight !== null) c.weigh(weight, `${major}:${minor} `, 'blockIO', 'weightDevice', i);
  });
  for (const [list, property, , key] of throttles)
    blockIo[list].forEach(({ major, minor, rate }, i) => {
      if (rate !== null) c.set('io', 'io.max', `${major}:${minor} ${key}=${rate}`, 'blockIO', property, i);
    });
}
