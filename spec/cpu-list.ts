/** Lists of CPUs as cpuset(7) writes them ("List format"), such as 0-3,7. */

/** The greatest number of CPUs that a kernel can be built for (CONFIG_NR_CPUS, arch/x86/Kconfig). */
const MOST_CPUS = 8192;

export type CpuRange = readonly [first: number, last: number];

/** The ranges, in their order; null if it is no such list. */
export function parseCpuList(list: string): readonly CpuRange[] | null {
  const ranges: CpuRange[] = [];
  for (const part of list.split(',')) {
    const [, from, to] = /^\s*(\d+)(?:-(\d+))?\s*$/.exec(part) ?? [];
    if (from === undefined) return null;
    const first = Number(from);
    const last = Number(to ?? from);
    if (first > last || last >= MOST_CPUS) return null;
    ranges.push([first, last]);
  }
  return ranges;
}

/** A mask as sched_setaffinity(2) takes it: words of 64 bits, little endian. */
export function cpuMask(ranges: readonly CpuRange[]): Uint8Array {
  const most = Math.max(...ranges.map(([, last]) => last));
  const mask = new Uint8Array((Math.floor(most / 64) + 1) * 8);
  for (const [first, last] of ranges)
    for (let cpu = first; cpu <= last; cpu++) mask[cpu >> 3] = (mask[cpu >> 3] ?? 0) | (1 << (cpu & 7));
  return mask;
}

/** All that there may be. */
export const allCpus: readonly CpuRange[] = [[0, MOST_CPUS - 1]];
