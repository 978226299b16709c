/** Statistics of cgroup v2 (Documentation/admin-guide/cgroup-v2.rst), in runc's form, which is that of v1. */
import {
  type Count,
  countOf,
  numberIn,
  pageSizes,
  present,
  sum,
  tableIn,
  textOf,
  times,
} from './stats-files.js';

type Stats = Readonly<Record<string, unknown>>;

/** What runc says for no limit. */
const NO_LIMIT = 2n ** 64n - 1n;

/** Pressure stall information (Documentation/accounting/psi.rst); nothing where the kernel has none. */
function pressure(path: string): { readonly psi?: Stats } {
  const rows = (textOf(path) ?? '').split('\n').flatMap(line => {
    const [, name, ten, minute, five, total] =
      /^(some|full) avg10=([\d.]+) avg60=([\d.]+) avg300=([\d.]+) total=(\d+)$/.exec(line) ?? [];
    if (name === undefined) return [];
    const averages = { avg10: Number(ten), avg60: Number(minute), avg300: Number(five) };
    return [[name, { ...averages, total: countOf(total) ?? 0 }]];
  });
  return rows.length === 0 ? {} : { psi: Object.fromEntries(rows) };
}

export function cpuV2(directory: string): Stats {
  const of = tableIn(`${directory}/cpu.stat`);
  const nanoseconds = (name: string): Count => times(of[name] ?? 0, 1000);
  return {
    usage: {
      ...present({ total: nanoseconds('usage_usec') }),
      kernel: nanoseconds('system_usec'),
      user: nanoseconds('user_usec'),
    },
    throttling: present({
      periods: of.nr_periods ?? 0,
      throttledPeriods: of.nr_throttled ?? 0,
      throttledTime: nanoseconds('throttled_usec'),
    }),
    ...pressure(`${directory}/cpu.pressure`),
  };
}

/** Swap counts with memory, as v1 counts it. */
export function memoryV2(directory: string): Stats {
  const raw = tableIn(`${directory}/memory.stat`);
  const at = `${directory}/memory`;
  const usage = numberIn(`${at}.current`);
  const limit = numberIn(`${at}.max`, NO_LIMIT);
  const swapLimit = numberIn(`${at}.swap.max`, NO_LIMIT);
  const hasSwap = textOf(`${at}.swap.current`) !== null;
  return {
    ...present({ cache: raw.file ?? 0 }),
    usage: { limit, ...present({ usage, max: numberIn(`${at}.peak`) }), failcnt: 0 },
    swap: hasSwap
      ? {
          limit: swapLimit === NO_LIMIT || limit === NO_LIMIT ? NO_LIMIT : sum(swapLimit, limit),
          ...present({
            usage: sum(numberIn(`${at}.swap.current`), usage),
            max: numberIn(`${at}.swap.peak`),
          }),
          failcnt: 0,
        }
      : { limit: 0, failcnt: 0 },
    kernel: { limit: 0, failcnt: 0 },
    kernelTCP: { limit: 0, failcnt: 0 },
    raw,
    ...pressure(`${directory}/memory.pressure`),
  };
}

/** Their names on v1. */
const counts = [
  ['ioServiceBytesRecursive', 'rbytes', 'Read'],
  ['ioServiceBytesRecursive', 'wbytes', 'Write'],
  ['ioServicedRecursive', 'rios', 'Read'],
  ['ioServicedRecursive', 'wios', 'Write'],
] as const;

export function blockIoV2(directory: string): Stats {
  const tables: Record<string, Stats[]> = {};
  for (const line of (textOf(`${directory}/io.stat`) ?? '').split('\n')) {
    const [device = '', ...fields] = line.split(' ');
    const [, major, minor] = /^(\d+):(\d+)$/.exec(device) ?? [];
    if (major === undefined) continue;
    const values = new Map(fields.map(field => field.split('=') as [string, string]));
    for (const [table, name, op] of counts) {
      const value = countOf(values.get(name));
      if (value === null) continue;
      tables[table] = [
        ...(tables[table] ?? []),
        present({ major: Number(major), minor: Number(minor), op, value }),
      ];
    }
  }
  return { ...tables, ...pressure(`${directory}/io.pressure`) };
}

export function hugetlbV2(directory: string): Stats {
  return Object.fromEntries(
    pageSizes(directory, 'current')
      .filter(size => !size.endsWith('.rsvd'))
      .map(size => {
        const at = `${directory}/hugetlb.${size}`;
        const counted = textOf(`${at}.rsvd.current`) === null ? at : `${at}.rsvd`;
        return [
          size,
          {
            ...present({ usage: numberIn(`${counted}.current`) }),
            failcnt: tableIn(`${at}.events`).max ?? 0,
          },
        ];
      }),
  );
}
