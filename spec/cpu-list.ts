/** Lists of CPUs and of memory nodes as cpuset(7) writes them ("List format"), such as 0-3,7. */

/** The greatest number of CPUs that a kernel can be built for (CONFIG_NR_CPUS, arch/x86/Kconfig). */
const MOST_CPUS = 8192;
/** And of memory nodes (CONFIG_NODES_SHIFT, arch/x86/Kconfig). */
export const MOST_NODES = 1024;

export type CpuRange = readonly [first: number, last: number];

/** The ranges, in their order; null if it is no such list, or has a number that is not below `limit`. */
export function parseCpuList(list: string, limit = MOST_CPUS): readonly CpuRange[] | null {
  const ranges: CpuRange[] = [];
  for (const part of list.split(',')) {
    const [, from, to] = /^\s*(\d+)(?:-(\d+))?\s*$/.exec(part) ?? [];
    if (from === undefined) return null;
    const first = Number(from);
    const last = Number(to ?? from);
    if (first > last || last >= limit) return null;
    ranges.push([first, last]);
  }
  return ranges;
}

/** A mask as sched_setaffinity(2) and set_mempolicy(2) take it: words of 64 bits, little endian; as long as it must be, or of `bits`. */
export function cpuMask(ranges: readonly CpuRange[], bits?: number): Uint8Array {
  const most = bits === undefined ? Math.max(...ranges.map(([, last]) => last)) : bits - 1;
  const mask = new Uint8Array((Math.floor(most / 64) + 1) * 8);
  for (const [first, last] of ranges)
    for (let cpu = first; cpu <= last; cpu++) mask[cpu >> 3] = (mask[cpu >> 3] ?? 0) | (1 << (cpu & 7));
  return mask;
}

/** All that there may be. */
export const allCpus: readonly CpuRange[] = [[0, MOST_CPUS - 1]];
