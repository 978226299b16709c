/** `linux.resources`, of a config.json or of the file of update --resources. */
import type {
  LinuxBlockIo,
  LinuxCpu,
  LinuxMemory,
  LinuxPids,
  LinuxResources,
  LinuxThrottle,
} from '../../../spec/generated/config.js';
import type {
  Integer,
  NormalBlockIo,
  NormalCpu,
  NormalMemory,
  NormalResources,
  NormalThrottle,
} from '../../../spec/normal-resources.js';

/** Resources that have passed the checks, of a file that follows this version of the specification; null: the latest. */
export function normalResources(resources: LinuxResources, ociVersion: string | null): NormalResources {
  const { devices = [], hugepageLimits = [], network = {}, rdma = {}, unified = {} } = resources;
  return {
    devices: devices.map(({ allow, type = 'a', major = -1, minor = -1, access = 'rwm' }) => ({
      allow,
      type,
      major,
      minor,
      access,
    })),
    memory: normalMemory(resources.memory ?? {}),
    cpu: normalCpu(resources.cpu ?? {}),
    pidsLimit: pidsLimit(resources.pids, ociVersion),
    blockIo: normalBlockIo(resources.blockIO ?? {}),
    hugepageLimits: hugepageLimits.map(({ pageSize, limit }) => ({ pageSize, limitBytes: limit })),
    network: { classId: network.classID || null, priorities: network.priorities ?? [] },
    rdma: Object.entries(rdma).map(([device, { hcaHandles, hcaObjects }]) => ({
      device,
      hcaHandles: hcaHandles ?? null,
      hcaObjects: hcaObjects ?? null,
    })),
    unified: Object.entries(unified),
  };
}

/** 0 is what callers in Go write for "not asked for", and what the kernel has anyway or takes for an error. */
function given(value: Integer | undefined): Integer | null {
  return value === undefined || BigInt(value) === 0n ? null : value;
}

function normalMemory(memory: LinuxMemory): NormalMemory {
  return {
    limitBytes: given(memory.limit),
    reservationBytes: given(memory.reservation),
    swapBytes: given(memory.swap),
    kernelBytes: given(memory.kernel),
    kernelTcpBytes: given(memory.kernelTCP),
    swappiness: memory.swappiness ?? null,
    oomKillerDisabled: memory.disableOOMKiller === true,
    checkBeforeUpdate: memory.checkBeforeUpdate ?? null,
  };
}

function normalCpu(cpu: LinuxCpu): NormalCpu {
  return {
    shares: given(cpu.shares),
    quotaMicroseconds: given(cpu.quota),
    burstMicroseconds: given(cpu.burst),
    periodMicroseconds: given(cpu.period),
    realtimeRuntimeMicroseconds: given(cpu.realtimeRuntime),
    realtimePeriodMicroseconds: given(cpu.realtimePeriod),
    cpus: cpu.cpus || null,
    mems: cpu.mems || null,
    idle: given(cpu.idle),
  };
}

/** Before version 1.3 a limit of 0 tasks meant that there is none; Podman 4 writes it for --pids-limit=-1. */
function pidsLimit(pids: LinuxPids | undefined, ociVersion: string | null): Integer | null {
  if (pids === undefined) return null;
  const old = ociVersion !== null && /^1\.[0-2]\./.test(ociVersion);
  return old && Number(pids.limit) === 0 ? -1 : pids.limit;
}

function normalBlockIo(blockIo: LinuxBlockIo): NormalBlockIo {
  return {
    weight: blockIo.weight || null,
    leafWeight: blockIo.leafWeight || null,
    weightDevices: (blockIo.weightDevice ?? []).map(({ major, minor, weight, leafWeight }) => ({
      major,
      minor,
      weight: weight || null,
      leafWeight: leafWeight || null,
    })),
    readBytesPerSecond: normalThrottles(blockIo.throttleReadBpsDevice),
    writeBytesPerSecond: normalThrottles(blockIo.throttleWriteBpsDevice),
    readOperationsPerSecond: normalThrottles(blockIo.throttleReadIOPSDevice),
    writeOperationsPerSecond: normalThrottles(blockIo.throttleWriteIOPSDevice),
  };
}

function normalThrottles(throttles: readonly LinuxThrottle[] = []): readonly NormalThrottle[] {
  return throttles.map(({ major, minor, rate }) => ({ major, minor, rate: given(rate) }));
}
