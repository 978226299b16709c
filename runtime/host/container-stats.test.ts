/** What the files of each layout become; the form is that of runc's `events --stats`. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { jsonText } from '../report/json-text.js';
import { containerStats } from './container-stats.js';

const base = mkdtempSync(join(tmpdir(), 'chos-stats-'));

/** Directories of cgroups, by name, with their files. */
function directories(files: Readonly<Record<string, string>>): readonly string[] {
  const root = mkdtempSync(join(base, 'case-'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return [...new Set(Object.keys(files).map(path => join(root, dirname(path))))];
}

const nothing = {
  cpu: { usage: { kernel: 0, user: 0 }, throttling: {} },
  memory: {
    usage: { limit: 0, failcnt: 0 },
    swap: { limit: 0, failcnt: 0 },
    kernel: { limit: 0, failcnt: 0 },
    kernelTCP: { limit: 0, failcnt: 0 },
  },
  pids: {},
  blkio: {},
  hugetlb: {},
  intel_rdt: {},
  network_interfaces: null,
};

test('groups that are gone, or that nobody has, count as nothing', () => {
  const { cpuset: _, ...others } = containerStats([join(base, 'gone')]);
  assert.equal(others, nothing);
});

test('v1', () => {
  const stats = containerStats(
    directories({
      'cpuacct/cpuacct.usage': '1000\n',
      'cpuacct/cpuacct.usage_percpu': '400 600 \n',
      'cpuacct/cpuacct.usage_all': 'cpu user system\n0 300 100\n1 500 100\n',
      'cpuacct/cpuacct.stat': 'user 2\nsystem 3\n',
      'cpu/cpu.cfs_quota_us': '-1\n',
      'cpu/cpu.stat': 'nr_periods 5\nnr_throttled 2\nthrottled_time 70\n',
      'cpuset/cpuset.cpu_exclusive': '1\n',
      'cpuset/cpuset.cpus': '0-2,5\n',
      'cpuset/cpuset.mems': '\n',
      'cpuset/cpuset.sched_relax_domain_level': '-1\n',
      'memory/memory.usage_in_bytes': '10\n',
      'memory/memory.max_usage_in_bytes': '20\n',
      'memory/memory.limit_in_bytes': '9223372036854771712\n',
      'memory/memory.failcnt': '3\n',
      'memory/memory.stat': 'cache 7\nrss 8\n',
      'pids/pids.current': '2\n',
      'pids/pids.max': '9\n',
      'blkio/blkio.throttle.io_service_bytes': '',
      'blkio/blkio.throttle.io_service_bytes_recursive': '8:0 Read 4096\n8:0 Total 4096\nTotal 4096\n',
      'hugetlb/hugetlb.2MB.usage_in_bytes': '1\n',
      'hugetlb/hugetlb.2MB.rsvd.usage_in_bytes': '2097152\n',
      'hugetlb/hugetlb.2MB.rsvd.failcnt': '4\n',
    }),
  );
  assert.equal(stats.cpu, {
    usage: {
      total: 1000,
      percpu: [400, 600],
      percpu_kernel: [100, 100],
      percpu_user: [300, 500],
      kernel: 30_000_000,
      user: 20_000_000,
    },
    throttling: { periods: 5, throttledPeriods: 2, throttledTime: 70 },
  });
  const { cpus, mems, cpu_exclusive, sched_relax_domain_level } = stats.cpuset as Record<string, unknown>;
  assert.equal([cpus, mems, cpu_exclusive, sched_relax_domain_level], [[0, 1, 2, 5], undefined, 1, -1]);
  const { cache, usage, raw } = stats.memory as Record<string, unknown>;
  assert.is(cache, 7);
  assert.equal(raw, { cache: 7, rss: 8 });
  assert.is(jsonText(usage), '{"limit":9223372036854771712,"usage":10,"max":20,"failcnt":3}');
  assert.equal(stats.pids, { current: 2, limit: 9 });
  assert.equal(stats.blkio, {
    ioServiceBytesRecursive: [
      { major: 8, op: 'Read', value: 4096 },
      { major: 8, op: 'Total', value: 4096 },
    ],
  });
  assert.equal(stats.hugetlb, { '2MB': { usage: 2_097_152, failcnt: 4 } });
});

test('v2 has the same form, with swap counted together with memory, and pressure', () => {
  const stats = containerStats(
    directories({
      'box/cgroup.controllers': 'cpu memory\n',
      'box/cpu.stat':
        'usage_usec 5\nuser_usec 2\nsystem_usec 3\nnr_periods 1\nnr_throttled 0\nthrottled_usec 0\n',
      'box/cpu.pressure':
        'some avg10=0.50 avg60=0.10 avg300=0.00 total=77\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n',
      'box/memory.current': '100\n',
      'box/memory.max': '1000\n',
      'box/memory.peak': '300\n',
      'box/memory.swap.current': '10\n',
      'box/memory.swap.max': 'max\n',
      'box/memory.stat': 'anon 1\nfile 2\n',
      'box/pids.current': '1\n',
      'box/pids.max': 'max\n',
      'box/io.stat': '8:16 rbytes=4096 wbytes=0 rios=1 wios=2 dbytes=0 dios=0\n\n',
      'box/hugetlb.2MB.current': '0\n',
      'box/hugetlb.2MB.events': 'max 6\n',
    }),
  );
  assert.equal(stats.cpu, {
    usage: { total: 5000, kernel: 3000, user: 2000 },
    throttling: { periods: 1 },
    psi: {
      some: { avg10: 0.5, avg60: 0.1, avg300: 0, total: 77 },
      full: { avg10: 0, avg60: 0, avg300: 0, total: 0 },
    },
  });
  const { usage, swap, kernel, cache } = stats.memory as Record<string, unknown>;
  assert.equal(usage, { limit: 1000, usage: 100, max: 300, failcnt: 0 });
  assert.is(jsonText(swap), '{"limit":18446744073709551615,"usage":110,"failcnt":0}');
  assert.equal([kernel, cache], [{ limit: 0, failcnt: 0 }, 2]);
  assert.equal(stats.pids, { current: 1 });
  assert.equal(stats.blkio, {
    ioServiceBytesRecursive: [
      { major: 8, minor: 16, op: 'Read', value: 4096 },
      { major: 8, minor: 16, op: 'Write' },
    ],
    ioServicedRecursive: [
      { major: 8, minor: 16, op: 'Read', value: 1 },
      { major: 8, minor: 16, op: 'Write', value: 2 },
    ],
  });
  assert.equal(stats.hugetlb, { '2MB': { failcnt: 6 } });
});

test.after(() => rmSync(base, { recursive: true, force: true }));

test.run();
