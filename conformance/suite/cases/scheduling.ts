import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Process } from '../../harness/config.js';
import { type Driver, test } from '../case.js';
import type { Report } from '../report.js';

/** linux/sched.h; sched_getscheduler(2) adds SCHED_RESET_ON_FORK. */
const RESET_ON_FORK = 0x40000000;

const schedulers: Readonly<Record<string, readonly [NonNullable<Process['scheduler']>, number, number]>> = {
  other: [{ policy: 'SCHED_OTHER', nice: 7 }, 0, 7],
  batch: [{ policy: 'SCHED_BATCH', nice: 3 }, 3, 3],
  idle: [{ policy: 'SCHED_IDLE' }, 5, 0],
  'reset-on-fork': [{ policy: 'SCHED_BATCH', flags: ['SCHED_FLAG_RESET_ON_FORK'] }, 3 | RESET_ON_FORK, 0],
};

for (const [name, [scheduler, policy, nice]] of Object.entries(schedulers)) {
  test(`scheduling/${name}`, {
    config: c => {
      c.process.scheduler = scheduler;
    },
    inside: ({ report }) => assert.equal([report.scheduler, report.nice], [policy, nice]),
  });
}

test('scheduling/priority-out-of-range-is-refused', {
  config: c => {
    c.process.scheduler = { policy: 'SCHED_FIFO', priority: 100 };
  },
  refused: /priority|scheduler/i,
});

test('scheduling/runtime-above-the-deadline-is-refused', {
  config: c => {
    c.process.scheduler = { policy: 'SCHED_DEADLINE', runtime: 20_000_000, deadline: 10_000_000 };
  },
  refused: /runtime|scheduler/i,
});

test('scheduling/unknown-policy-is-refused', {
  config: c => {
    c.process.scheduler = { policy: 'SCHED_NONSENSE' };
  },
  refused: /SCHED_NONSENSE|scheduler/i,
});

test('scheduling/io-priority', {
  config: c => {
    c.process.ioPriority = { class: 'IOPRIO_CLASS_BE', priority: 6 };
  },
  inside: ({ report }) => assert.is(report.ioprio, (2 << 13) | 6),
});

test('scheduling/io-priority-idle', {
  config: c => {
    c.process.ioPriority = { class: 'IOPRIO_CLASS_IDLE', priority: 0 };
  },
  inside: ({ report }) => assert.is(report.ioprio, 3 << 13),
});

test('scheduling/domainname', {
  config: c => {
    c.domainname = 'example.org';
  },
  inside: ({ report }) => assert.is(report.domainname, 'example.org'),
});

const STATIC_NODES = 1 << 15;
const policies: Readonly<Record<string, readonly [object, number, number]>> = {
  local: [{ mode: 'MPOL_LOCAL' }, 4, 0],
  bind: [{ mode: 'MPOL_BIND', nodes: '0' }, 2, 1],
  interleave: [{ mode: 'MPOL_INTERLEAVE', nodes: '0', flags: ['MPOL_F_STATIC_NODES'] }, 3 | STATIC_NODES, 1],
  preferred: [{ mode: 'MPOL_PREFERRED', nodes: '0' }, 1, 1],
};

for (const [name, [memoryPolicy, mode, nodes]] of Object.entries(policies)) {
  test(`scheduling/memory-policy-${name}`, {
    config: c => {
      Object.assign(c.linux, { memoryPolicy });
    },
    inside: ({ report }) => assert.equal([report.memoryPolicy, report.memoryNodes], [mode, nodes]),
  });
}

test('scheduling/memory-policy-of-nodes-that-are-not-there', {
  config: c => {
    c.linux.memoryPolicy = { mode: 'MPOL_BIND', nodes: '1023' };
  },
  refused: /1023|mempolicy|memory policy/i,
});

test('scheduling/memory-policy-without-nodes-is-refused', {
  config: c => {
    c.linux.memoryPolicy = { mode: 'MPOL_BIND' };
  },
  refused: /nodes|mempolicy|memory policy/i,
});

async function reportOfExec(t: Driver, process: object): Promise<Report> {
  const file = join(t.dir, 'process.json');
  writeFileSync(file, JSON.stringify(process));
  const finished = await t.exec(['--process', file, t.id]);
  assert.is(finished.code, 0, finished.stderr);
  return JSON.parse(finished.stdout) as Report;
}

test('scheduling/of-exec', {
  config: c => {
    c.process.args = ['/bin/reporter', 'sleep'];
    c.linux.memoryPolicy = { mode: 'MPOL_BIND', nodes: '0' };
  },
  drive: async t => {
    await t.create();
    await t.start();
    const report = await reportOfExec(t, {
      ...t.config.process,
      args: ['/bin/reporter', 'report'],
      scheduler: { policy: 'SCHED_BATCH', nice: 4 },
      ioPriority: { class: 'IOPRIO_CLASS_BE', priority: 5 },
    });
    assert.equal([report.scheduler, report.nice, report.ioprio], [3, 4, (2 << 13) | 5]);
    assert.is(report.memoryPolicy, 2);
  },
});
