/** Every limit at 0 and at -1 on v1: what callers in Go write for "not asked for", and for "none". For v2: conformance/vm/cases/limits.ts. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { test } from '../case.js';

const v1 = '/sys/fs/cgroup';
type Resources = Readonly<Record<string, unknown>>;

interface Row {
  readonly name: string;
  readonly resources: Resources;
  /** Below the hierarchy's directory and the container's, with what stands in it afterwards. */
  readonly file: `${string}/${string}`;
  readonly value: string;
}

const unlimited = '9223372036854771712';
/** Some block device that is there, for which the kernel takes a rule. */
const [major = 0, minor = 0] = (
  readdirSync('/sys/block').map(name => readFileSync(`/sys/block/${name}/dev`, 'utf8'))[0] ?? ''
)
  .split(':')
  .map(Number);
const device = { major, minor };

function row(property: string, at: 0 | -1, resources: Resources, file: Row['file'], value: string): Row {
  return { name: `${property}-at-${at === 0 ? 'zero' : 'minus-one'}`, resources, file, value };
}
const memory = (property: string, at: 0 | -1, file: string, value: string): Row =>
  row(`memory-${property}`, at, { memory: { [property]: at } }, `memory/memory.${file}`, value);
const cpu = (property: string, at: 0 | -1, file: string, value: string): Row =>
  row(`cpu-${property}`, at, { cpu: { [property]: at } }, `cpu/cpu.${file}`, value);

const table: readonly Row[] = [
  memory('limit', 0, 'limit_in_bytes', unlimited),
  memory('limit', -1, 'limit_in_bytes', unlimited),
  memory('swap', 0, 'memsw.limit_in_bytes', unlimited),
  memory('swap', -1, 'memsw.limit_in_bytes', unlimited),
  memory('reservation', 0, 'soft_limit_in_bytes', unlimited),
  memory('reservation', -1, 'soft_limit_in_bytes', unlimited),
  memory('kernel', 0, 'kmem.limit_in_bytes', unlimited),
  memory('kernel', -1, 'kmem.limit_in_bytes', unlimited),
  memory('kernelTCP', 0, 'kmem.tcp.limit_in_bytes', unlimited),
  memory('kernelTCP', -1, 'kmem.tcp.limit_in_bytes', unlimited),
  memory('swappiness', 0, 'swappiness', '0'),
  cpu('shares', 0, 'shares', '1024'),
  cpu('quota', 0, 'cfs_quota_us', '-1'),
  cpu('quota', -1, 'cfs_quota_us', '-1'),
  cpu('period', 0, 'cfs_period_us', '100000'),
  cpu('burst', 0, 'cfs_burst_us', '0'),
  cpu('realtimeRuntime', 0, 'rt_runtime_us', '0'),
  cpu('realtimePeriod', 0, 'rt_period_us', '1000000'),
  cpu('idle', 0, 'idle', '0'),
  row('pids', 0, { pids: { limit: 0 } }, 'pids/pids.max', 'max'),
  row('pids', -1, { pids: { limit: -1 } }, 'pids/pids.max', 'max'),
  row('weight', 0, { blockIO: { weight: 0 } }, 'blkio/blkio.bfq.weight', '100'),
  row('leafWeight', 0, { blockIO: { leafWeight: 0 } }, 'blkio/blkio.bfq.weight', '100'),
  row(
    'weightDevice',
    0,
    { blockIO: { weightDevice: [{ ...device, weight: 0 }] } },
    'blkio/blkio.bfq.weight',
    '100',
  ),
  row(
    'throttleReadBps',
    0,
    { blockIO: { throttleReadBpsDevice: [{ ...device, rate: 0 }] } },
    'blkio/blkio.throttle.read_bps_device',
    '',
  ),
  row('classID', 0, { network: { classID: 0 } }, 'pids/pids.max', 'max'),
  // Beside the zeros: what is asked for is written.
  { name: 'weight', resources: { blockIO: { weight: 500 } }, file: 'blkio/blkio.bfq.weight', value: '500' },
];

for (const { name, resources, file, value } of table) {
  const [hierarchy, base] = file.split('/') as [string, string];
  test(`limits/${name}`, {
    skip: () => (existsSync(join(v1, hierarchy, 'cgroup.procs')) ? undefined : `needs ${hierarchy} of v1`),
    config: c => {
      c.linux.resources = { ...c.linux.resources, ...resources };
    },
    drive: async t => {
      await t.create();
      const path = join(v1, hierarchy, t.id, base);
      // A kernel may have been built without it, or bfq may not be there; then nothing was written either.
      if (existsSync(path)) assert.is(readFileSync(path, 'utf8').trim(), value);
      else assert.match(name, /-at-/, `${path} is not there`);
    },
  });
}
