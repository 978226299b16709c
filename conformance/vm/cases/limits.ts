/** Every limit at 0 and at -1 on v2: what callers in Go write for "not asked for", and for "none". The table for v1 is in conformance/suite/cases/limits.ts. */
import type { MachineCase } from '../case.js';

const everybody = ['chos-runtime', 'crun', 'runc'] as const;
type Runtime = (typeof everybody)[number];

/** A part of linux.resources: sections of properties. */
type Resources = Readonly<Record<string, Readonly<Record<string, unknown>> | readonly unknown[]>>;

interface Row {
  readonly resources: Resources;
  readonly file: string;
  readonly value: string;
  /** What crun writes instead. */
  readonly crun?: string;
  /** Who refuses it: crun and runc hand some zeros to the kernel, and crun refuses properties of v1 even if they ask for nothing. */
  readonly refused?: readonly Runtime[];
}

const device = { major: 254, minor: 0 };
const rows: readonly Row[] = [
  { resources: { memory: { limit: 0 } }, file: 'memory.max', value: 'max', refused: ['crun'] },
  { resources: { memory: { limit: -1 } }, file: 'memory.max', value: 'max' },
  { resources: { memory: { swap: 0 } }, file: 'memory.swap.max', value: 'max', crun: '0' },
  { resources: { memory: { swap: -1 } }, file: 'memory.swap.max', value: 'max' },
  { resources: { memory: { limit: -1, swap: -1 } }, file: 'memory.swap.max', value: 'max' },
  { resources: { memory: { reservation: 0 } }, file: 'memory.low', value: '0' },
  { resources: { memory: { reservation: -1 } }, file: 'memory.low', value: 'max' },
  { resources: { memory: { kernel: 0 } }, file: 'memory.max', value: 'max', refused: ['crun'] },
  { resources: { memory: { kernel: -1 } }, file: 'memory.max', value: 'max', refused: ['crun'] },
  { resources: { memory: { kernelTCP: 0 } }, file: 'memory.max', value: 'max', refused: ['crun'] },
  { resources: { memory: { kernelTCP: -1 } }, file: 'memory.max', value: 'max', refused: ['crun'] },
  {
    resources: { memory: { swappiness: 0 } },
    file: 'memory.max',
    value: 'max',
    refused: ['chos-runtime', 'crun'],
  },
  { resources: { cpu: { shares: 0 } }, file: 'cpu.weight', value: '100' },
  { resources: { cpu: { quota: 0 } }, file: 'cpu.max', value: 'max 100000' },
  { resources: { cpu: { quota: -1 } }, file: 'cpu.max', value: 'max 100000' },
  { resources: { cpu: { period: 0 } }, file: 'cpu.max', value: 'max 100000' },
  { resources: { cpu: { burst: 0 } }, file: 'cpu.max.burst', value: '0' },
  { resources: { cpu: { realtimeRuntime: 0 } }, file: 'cpu.weight', value: '100' },
  { resources: { cpu: { realtimeRuntime: -1 } }, file: 'cpu.weight', value: '100', refused: ['crun'] },
  { resources: { cpu: { realtimePeriod: 0 } }, file: 'cpu.weight', value: '100' },
  { resources: { cpu: { idle: 0 } }, file: 'cpu.idle', value: '0' },
  { resources: { pids: { limit: 0 } }, file: 'pids.max', value: 'max' },
  { resources: { pids: { limit: -1 } }, file: 'pids.max', value: 'max' },
  { resources: { blockIO: { weight: 0 } }, file: 'io.max', value: '' },
  { resources: { blockIO: { leafWeight: 0 } }, file: 'io.max', value: '' },
  {
    resources: { blockIO: { weightDevice: [{ ...device, weight: 0 }] } },
    file: 'io.max',
    value: '',
    refused: ['crun'],
  },
  {
    resources: { blockIO: { throttleReadBpsDevice: [{ ...device, rate: 0 }] } },
    file: 'io.max',
    value: '',
    refused: ['crun', 'runc'],
  },
  {
    resources: { blockIO: { throttleWriteIOPSDevice: [{ ...device, rate: 0 }] } },
    file: 'io.max',
    value: '',
    refused: ['crun', 'runc'],
  },
  { resources: { hugepageLimits: [{ pageSize: '2MB', limit: 0 }] }, file: 'hugetlb.2MB.max', value: '0' },
  { resources: { network: { classID: 0 } }, file: 'pids.max', value: 'max', refused: ['crun'] },
];

const isList = (section: unknown): section is readonly unknown[] => Array.isArray(section);

/** Both in one, or null if they name the same property. */
function together(one: Resources, other: Resources): Resources | null {
  const sum: Record<string, Resources[string]> = { ...one };
  for (const [name, added] of Object.entries(other)) {
    const present = sum[name];
    if (present === undefined) sum[name] = added;
    else if (isList(present) || isList(added) || Object.keys(added).some(key => key in present)) return null;
    else sum[name] = { ...present, ...added };
  }
  return sum;
}

interface Round {
  readonly resources: Resources;
  readonly rows: readonly Row[];
}

/** As few containers as there can be: a start takes seconds in an emulated processor. */
function roundsOf(accepted: readonly Row[]): readonly Round[] {
  const rounds: Round[] = [];
  for (const row of accepted) {
    const place = rounds.findIndex(({ resources }) => together(resources, row.resources) !== null);
    const round = rounds[place];
    const sum = round && together(round.resources, row.resources);
    if (round && sum) rounds[place] = { resources: sum, rows: [...round.rows, row] };
    else rounds.push({ resources: row.resources, rows: [row] });
  }
  return rounds;
}

function linesFor(runtime: Runtime): readonly string[] {
  const refuses = ({ refused = [] }: Row) => refused.includes(runtime);
  return [
    ...roundsOf(rows.filter(row => !refuses(row))).flatMap(round => [
      `made '${JSON.stringify(round.resources)}'`,
      ...round.rows.map(
        ({ file, value, crun = value }) => `limit ${file} "${runtime === 'crun' ? crun : value}"`,
      ),
      'taken',
    ]),
    ...rows.filter(refuses).map(({ resources }) => `refused '${JSON.stringify(resources)}'`),
  ];
}

export const limitCases: readonly MachineCase[] = [
  {
    name: 'cgroup2/limits-at-zero-and-minus-one',
    runtimes: everybody,
    seconds: 600,
    script: `
      n=0
      # made RESOURCES
      made() {
        n=$((n + 1)) resources=$1
        bundle z$n ".linux.resources += $1"
        message=$(created z$n 2>&1) || { wrong=1; echo "$1 is refused: $message"; }
      }
      # limit FILE VALUE: a file that is not there has no controller that was asked for.
      limit() {
        local file=/sys/fs/cgroup/lab-z$n/$1
        [ ! -e $file ] || same "$1 with $resources" "$(<$file)" "$2"
      }
      taken() {
        runtime delete --force z$n
        rmdir /sys/fs/cgroup/lab-z$n 2>/dev/null || true
      }
      refused() {
        n=$((n + 1))
        bundle z$n ".linux.resources += $1"
        if (created z$n) >/dev/null 2>&1; then
          wrong=1; echo "$1 is not refused"
        fi
        runtime delete --force z$n 2>/dev/null || true
        rmdir /sys/fs/cgroup/lab-z$n 2>/dev/null || true
      }
      case $NAME in
${everybody.map(name => [`      ${name})`, ...linesFor(name).map(line => `        ${line}`), '        ;;'].join('\n')).join('\n')}
      esac`,
  },
];
