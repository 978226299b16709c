/**
 * What a container uses, by its cgroups, in the form of runc's `events` (types/events.go): which hierarchy has the files decides for each group of numbers by itself.
 */
import { existsSync } from 'node:fs';
import { numberIn, present } from './stats-files.js';
import { blockIoV1, cpusetV1, cpuV1, hugetlbV1, memoryV1 } from './stats-v1.js';
import { blockIoV2, cpuV2, hugetlbV2, memoryV2 } from './stats-v2.js';

export type Stats = Readonly<Record<string, unknown>>;

/** The first directory that has the file. */
function having(cgroups: readonly string[], file: string): string | null {
  return cgroups.find(directory => existsSync(`${directory}/${file}`)) ?? null;
}

const noMemory = {
  usage: { limit: 0, failcnt: 0 },
  swap: { limit: 0, failcnt: 0 },
  kernel: { limit: 0, failcnt: 0 },
  kernelTCP: { limit: 0, failcnt: 0 },
};

function cpu(cgroups: readonly string[]): Stats {
  const account = having(cgroups, 'cpuacct.usage');
  if (account !== null) return cpuV1(account, having(cgroups, 'cpu.cfs_quota_us'));
  const unified = having(cgroups, 'cgroup.controllers');
  return unified === null ? { usage: { kernel: 0, user: 0 }, throttling: {} } : cpuV2(unified);
}

function memory(cgroups: readonly string[]): Stats {
  const v1 = having(cgroups, 'memory.usage_in_bytes');
  if (v1 !== null) return memoryV1(v1);
  const v2 = having(cgroups, 'memory.current');
  return v2 === null ? noMemory : memoryV2(v2);
}

function pids(cgroups: readonly string[]): Stats {
  const directory = having(cgroups, 'pids.current');
  if (directory === null) return {};
  return present({
    current: numberIn(`${directory}/pids.current`),
    limit: numberIn(`${directory}/pids.max`),
  });
}

function blockIo(cgroups: readonly string[]): Stats {
  const v1 = having(cgroups, 'blkio.throttle.io_service_bytes');
  if (v1 !== null) return blockIoV1(v1);
  const v2 = having(cgroups, 'io.stat');
  return v2 === null ? {} : blockIoV2(v2);
}

function hugetlb(cgroups: readonly string[]): Stats {
  return Object.assign({}, ...cgroups.flatMap(directory => [hugetlbV1(directory), hugetlbV2(directory)]));
}

/** `cgroups`: the directories of the container, in all hierarchies. */
export function containerStats(cgroups: readonly string[]): Stats {
  return {
    cpu: cpu(cgroups),
    cpuset: cpusetV1(having(cgroups, 'cpuset.cpu_exclusive')),
    memory: memory(cgroups),
    pids: pids(cgroups),
    blkio: blockIo(cgroups),
    hugetlb: hugetlb(cgroups),
    intel_rdt: {},
    network_interfaces: null,
  };
}
