/** Statistics of cgroup v1 (Documentation/admin-guide/cgroup-v1/), in runc's form. */
import {
  type Count,
  countOf,
  listIn,
  numberIn,
  pageSizes,
  present,
  tableIn,
  textOf,
  times,
} from './stats-files.js';

type Stats = Readonly<Record<string, unknown>>;

/** cpuacct.stat counts in hundredths of a second (USER_HZ). */
const NANOSECONDS_IN_TICK = 10_000_000;

/** `limits`: the directory of the controller cpu, where it is mounted. */
export function cpuV1(account: string, limits: string | null): Stats {
  const { user = 0, system = 0 } = tableIn(`${account}/cpuacct.stat`);
  const each = (textOf(`${account}/cpuacct.usage_all`) ?? '')
    .split('\n')
    .map(line => line.split(' '))
    .filter(([cpu = '']) => /^\d+$/.test(cpu));
  const throttled = limits === null ? {} : tableIn(`${limits}/cpu.stat`);
  return {
    usage: {
      ...present({
        total: numberIn(`${account}/cpuacct.usage`),
        percpu: (textOf(`${account}/cpuacct.usage_percpu`) ?? '')
          .trim()
          .split(' ')
          .flatMap(text => countOf(text) ?? []),
        percpu_kernel: each.map(([, , kernel]) => countOf(kernel) ?? 0),
        percpu_user: each.map(([, own]) => countOf(own) ?? 0),
      }),
      kernel: times(system, NANOSECONDS_IN_TICK),
      user: times(user, NANOSECONDS_IN_TICK),
    },
    throttling: present({
      periods: throttled.nr_periods ?? 0,
      throttledPeriods: throttled.nr_throttled ?? 0,
      throttledTime: throttled.throttled_time ?? 0,
    }),
  };
}

const cpusetFlags = [
  ['cpu_exclusive', 'cpu_exclusive'],
  ['mem_hardwall', 'mem_hardwall'],
  ['mem_exclusive', 'mem_exclusive'],
  ['memory_migrate', 'memory_migrate'],
  ['memory_spread_page', 'memory_spread_page'],
  ['memory_spread_slab', 'memory_spread_slab'],
  ['memory_pressure', 'memory_pressure'],
  ['sched_load_balance', 'sched_load_balance'],
] as const;

/** null: v2, of which runc tells zeros. */
export function cpusetV1(directory: string | null): Stats {
  const flags = Object.fromEntries(
    cpusetFlags.map(([name, file]) => [
      name,
      directory === null ? 0 : numberIn(`${directory}/cpuset.${file}`),
    ]),
  );
  const relax = directory === null ? null : textOf(`${directory}/cpuset.sched_relax_domain_level`);
  return {
    ...(directory === null
      ? {}
      : present({ cpus: listIn(`${directory}/cpuset.cpus`), mems: listIn(`${directory}/cpuset.mems`) })),
    ...flags,
    sched_relax_domain_level: Number(relax?.trim() ?? 0),
  };
}

function counter(directory: string, name: string): Stats {
  const at = `${directory}/memory${name}`;
  return {
    limit: numberIn(`${at}.limit_in_bytes`),
    ...present({
      usage: numberIn(`${at}.usage_in_bytes`),
      max: numberIn(`${at}.max_usage_in_bytes`),
    }),
    failcnt: numberIn(`${at}.failcnt`),
  };
}

export function memoryV1(directory: string): Stats {
  const raw = tableIn(`${directory}/memory.stat`);
  return {
    ...present({ cache: raw.cache ?? 0 }),
    usage: counter(directory, ''),
    swap: counter(directory, '.memsw'),
    kernel: counter(directory, '.kmem'),
    kernelTCP: counter(directory, '.kmem.tcp'),
    raw,
  };
}

/** Lines of `MAJOR:MINOR OPERATION NUMBER`, or without an operation; sums, which name no device, are left out. */
function entries(path: string): readonly Stats[] {
  return (textOf(path) ?? '').split('\n').flatMap(line => {
    const [, major, minor, op, value] = /^(\d+):(\d+) (?:(\w+) )?(\d+)$/.exec(line) ?? [];
    if (value === undefined) return [];
    return [present({ major: Number(major), minor: Number(minor), op, value: countOf(value) as Count })];
  });
}

/** The scheduler bfq counts for itself; what it does not count, the throttle does. */
export function blockIoV1(directory: string): Stats {
  const file = (name: string): readonly Stats[] => entries(`${directory}/blkio.${name}`);
  const bfq = file('bfq.io_serviced_recursive');
  if (bfq.length === 0)
    return present({
      ioServiceBytesRecursive: file('throttle.io_service_bytes_recursive'),
      ioServicedRecursive: file('throttle.io_serviced_recursive'),
    });
  return present({
    ioServiceBytesRecursive: file('bfq.io_service_bytes_recursive'),
    ioServicedRecursive: bfq,
    ioQueueRecursive: file('bfq.io_queued_recursive'),
    ioServiceTimeRecursive: file('bfq.io_service_time_recursive'),
    ioWaitTimeRecursive: file('bfq.io_wait_time_recursive'),
    ioMergedRecursive: file('bfq.io_merged_recursive'),
    ioTimeRecursive: file('bfq.time_recursive'),
    sectorsRecursive: file('bfq.sectors_recursive'),
  });
}

export function hugetlbV1(directory: string): Stats {
  return Object.fromEntries(
    pageSizes(directory, 'usage_in_bytes')
      .filter(size => !size.endsWith('.rsvd'))
      .map(size => {
        const at = `${directory}/hugetlb.${size}`;
        // What is reserved counts (Linux 5.7), as the limit of it does.
        const counted = textOf(`${at}.rsvd.usage_in_bytes`) === null ? at : `${at}.rsvd`;
        return [
          size,
          {
            ...present({
              usage: numberIn(`${counted}.usage_in_bytes`),
              max: numberIn(`${counted}.max_usage_in_bytes`),
            }),
            failcnt: numberIn(`${counted}.failcnt`),
          },
        ];
      }),
  );
}
