/** Every limit at 0 and at -1 on v2: what callers in Go write for "not asked for", and for "none". The table for v1 is in conformance/suite/cases/limits.ts. */
import type { MachineCase } from '../case.js';

interface Row {
  /** Below linux.resources. */
  readonly json: string;
  readonly file: string;
  readonly value: string;
  /** What crun writes instead. */
  readonly crun?: string;
  /** Who refuses it: crun and runc hand some zeros to the kernel, and crun refuses properties of v1 even if they ask for nothing. */
  readonly refused?: readonly ('chos-runtime' | 'crun' | 'runc')[];
}

const device = '{major: 254, minor: 0';
const rows: readonly Row[] = [
  { json: 'memory: {limit: 0}', file: 'memory.max', value: 'max', refused: ['crun'] },
  { json: 'memory: {limit: -1}', file: 'memory.max', value: 'max' },
  { json: 'memory: {swap: 0}', file: 'memory.swap.max', value: 'max', crun: '0' },
  { json: 'memory: {swap: -1}', file: 'memory.swap.max', value: 'max' },
  { json: 'memory: {limit: -1, swap: -1}', file: 'memory.swap.max', value: 'max' },
  { json: 'memory: {reservation: 0}', file: 'memory.low', value: '0' },
  { json: 'memory: {reservation: -1}', file: 'memory.low', value: 'max' },
  { json: 'memory: {kernel: 0}', file: 'memory.max', value: 'max', refused: ['crun'] },
  { json: 'memory: {kernel: -1}', file: 'memory.max', value: 'max', refused: ['crun'] },
  { json: 'memory: {kernelTCP: 0}', file: 'memory.max', value: 'max', refused: ['crun'] },
  { json: 'memory: {kernelTCP: -1}', file: 'memory.max', value: 'max', refused: ['crun'] },
  { json: 'memory: {swappiness: 0}', file: 'memory.max', value: 'max', refused: ['chos-runtime', 'crun'] },
  { json: 'cpu: {shares: 0}', file: 'cpu.weight', value: '100' },
  { json: 'cpu: {quota: 0}', file: 'cpu.max', value: 'max 100000' },
  { json: 'cpu: {quota: -1}', file: 'cpu.max', value: 'max 100000' },
  { json: 'cpu: {period: 0}', file: 'cpu.max', value: 'max 100000' },
  { json: 'cpu: {burst: 0}', file: 'cpu.max.burst', value: '0' },
  { json: 'cpu: {realtimeRuntime: 0}', file: 'cpu.weight', value: '100' },
  { json: 'cpu: {realtimeRuntime: -1}', file: 'cpu.weight', value: '100', refused: ['crun'] },
  { json: 'cpu: {realtimePeriod: 0}', file: 'cpu.weight', value: '100' },
  { json: 'cpu: {idle: 0}', file: 'cpu.idle', value: '0' },
  { json: 'pids: {limit: 0}', file: 'pids.max', value: 'max' },
  { json: 'pids: {limit: -1}', file: 'pids.max', value: 'max' },
  { json: 'blockIO: {weight: 0}', file: 'io.max', value: '' },
  { json: 'blockIO: {leafWeight: 0}', file: 'io.max', value: '' },
  { json: `blockIO: {weightDevice: [${device}, weight: 0}]}`, file: 'io.max', value: '', refused: ['crun'] },
  {
    json: `blockIO: {throttleReadBpsDevice: [${device}, rate: 0}]}`,
    file: 'io.max',
    value: '',
    refused: ['crun', 'runc'],
  },
  {
    json: `blockIO: {throttleWriteIOPSDevice: [${device}, rate: 0}]}`,
    file: 'io.max',
    value: '',
    refused: ['crun', 'runc'],
  },
  { json: 'hugepageLimits: [{pageSize: "2MB", limit: 0}]', file: 'hugetlb.2MB.max', value: '0' },
  { json: 'network: {classID: 0}', file: 'pids.max', value: 'max', refused: ['crun'] },
];

const lines = rows.map(
  ({ json, file, value, crun = value, refused = [] }) =>
    `      limit '${json}' ${file} "${value}" "${crun}" "${refused.join(' ')}"`,
);

export const limitCases: readonly MachineCase[] = [
  {
    name: 'cgroup2/limits-at-zero-and-minus-one',
    runtimes: ['chos-runtime', 'crun', 'runc'],
    seconds: 600,
    script: `
      n=0
      # limit JSON FILE VALUE VALUE-OF-CRUN REFUSED-BY: a file that is not there has no controller that was asked for.
      limit() {
        n=$((n + 1))
        bundle z$n ".linux.resources += {$1}"
        if message=$(created z$n 2>&1); then
          group=/sys/fs/cgroup/lab-z$n
          [[ " $5 " != *" $NAME "* ]] || { wrong=1; echo "$1 is not refused"; }
          value=$(cat $group/$2 2>/dev/null || true)
          [ $NAME != crun ] || set -- "$1" "$2" "$4"
          [ ! -e $group/$2 ] || same "$2 with $1" "$value" "$3"
        else
          [[ " $5 " == *" $NAME "* ]] || { wrong=1; echo "$1 is refused: $message"; }
        fi
        runtime delete --force z$n 2>/dev/null || true
        rmdir /sys/fs/cgroup/lab-z$n 2>/dev/null || true
      }
${lines.join('\n')}`,
  },
];
