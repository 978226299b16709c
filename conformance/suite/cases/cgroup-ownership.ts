/** Cgroups that are there already, that two want at once, that are very deep, and processes that outrun a signal. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import type { Config } from '../../harness/config.js';
import { cgroupsNamed } from '../../harness/host-check.js';
import { type Driver, test } from '../case.js';

const root = '/sys/fs/cgroup';
const hierarchies = ['pids', 'freezer', 'memory'] as const;
const needsV1 = () => (existsSync(`${root}/pids/cgroup.procs`) ? undefined : 'needs cgroup v1 controllers');

function sleeping(c: Config): void {
  c.process.args = ['/bin/reporter', 'sleep'];
}

function withoutPidNamespace(c: Config): void {
  c.linux.namespaces = c.linux.namespaces.filter(({ type }) => type !== 'pid');
}

test('cgroup-ownership/an-empty-one-that-was-left', {
  skip: needsV1,
  config: sleeping,
  drive: async t => {
    for (const hierarchy of hierarchies)
      mkdirSync(`${root}/${hierarchy}/${t.id}/left/over`, { recursive: true });
    const { pid } = await t.create();
    assert.match(readFileSync(`/proc/${pid}/cgroup`, 'utf8'), `:pids:/${t.id}\n`);
    assert.is((await t.call('delete', ['--force', t.id])).code, 0);
    assert.equal(cgroupsNamed(t.id), []);
  },
});

test('cgroup-ownership/what-was-prepared-stays', {
  skip: needsV1,
  config: sleeping,
  drive: async t => {
    mkdirSync(`${root}/pids/${t.id}`);
    writeFileSync(`${root}/pids/${t.id}/pids.max`, '57');
    await t.create();
    assert.is(readFileSync(`${root}/pids/${t.id}/pids.max`, 'utf8').trim(), '57');
  },
});

test('cgroup-ownership/one-with-a-process-below-is-refused', {
  skip: runtime =>
    runtime.startsWith('chos') ? needsV1() : 'the others look at the group itself, if at all',
  config: sleeping,
  drive: async t => {
    const below = `${root}/pids/${t.id}/a/b`;
    mkdirSync(below, { recursive: true });
    const other = t.helper([t.programs.reporter, 'sleep']);
    await other.printed('ready');
    writeFileSync(`${below}/cgroup.procs`, `${other.pid}`);
    const finished = await t.call('create', ['--bundle', t.bundle.dir, t.id]);
    other.kill('SIGKILL');
    await other.done;
    for (const path of [below, `${root}/pids/${t.id}/a`, `${root}/pids/${t.id}`]) rmdirSync(path);
    assert.is.not(finished.code, 0);
    assert.match(finished.stderr, /somebody else/);
  },
});

/** Three at the same moment, several times: one of them has it, the others say why not. */
test('cgroup-ownership/two-want-it-at-once', {
  skip: runtime =>
    runtime.startsWith('chos') ? needsV1() : 'the others look first and make it then: both start',
  config: sleeping,
  deadlineMs: 120_000,
  drive: async t => {
    const ids = [t.anotherId(), t.anotherId(), t.anotherId()];
    for (let round = 0; round < 8; round++) {
      // Every other time it is there before.
      if (round % 2 === 1) for (const hierarchy of hierarchies) mkdirSync(`${root}/${hierarchy}/${t.id}`);
      const launches = ids.map(id => t.begin('create', ['--bundle', t.bundle.dir, id]));
      const ended = await Promise.all(launches.map(({ done }) => done));
      assert.is(ended.filter(({ code }) => code === 0).length, 1, ended.map(e => e.stderr).join());
      for (const { code, stderr } of ended)
        if (code !== 0) assert.match(stderr, /use cgroup .*: somebody else does already/);
      for (const id of ids) assert.is((await t.call('delete', ['--force', id])).code, 0);
      assert.equal(
        cgroupsNamed(t.id).filter(path => path.endsWith(t.id)),
        [],
      );
    }
  },
});

test('cgroup-ownership/400-deep', {
  skip: runtime => (runtime === 'crun' ? 'crun 1.8 does not come back from deleting it' : needsV1()),
  config: c => {
    sleeping(c);
    withoutPidNamespace(c);
  },
  drive: async t => {
    const { pid } = await t.create();
    for (const hierarchy of hierarchies) {
      const bottom = `${root}/${hierarchy}/${t.id}/${'d/'.repeat(400)}`;
      mkdirSync(bottom, { recursive: true });
      writeFileSync(`${bottom}cgroup.procs`, `${pid}`);
    }
    const finished = await t.call('delete', ['--force', t.id]);
    assert.is(finished.code, 0, finished.stderr);
    assert.equal(cgroupsNamed(t.id), []);
  },
});

async function chained(t: Driver): Promise<void> {
  const created = await t.create();
  await t.start();
  await created.printed('ready');
}

const chain = (c: Config): void => {
  withoutPidNamespace(c);
  c.process.args = ['/bin/reporter', 'chain', '8', ',', 'sleep'];
  c.linux.resources = { ...c.linux.resources, pids: { limit: 200 } };
};

test('cgroup-ownership/forks-do-not-outrun-delete', {
  skip: needsV1,
  config: chain,
  drive: async t => {
    await chained(t);
    const finished = await t.call('delete', ['--force', t.id]);
    assert.is(finished.code, 0, finished.stderr);
    assert.equal(cgroupsNamed(t.id), []);
  },
});

test('cgroup-ownership/forks-do-not-outrun-kill', {
  skip: runtime =>
    runtime.startsWith('chos') ? needsV1() : 'the others send a signal and do not look again',
  config: chain,
  drive: async t => {
    await chained(t);
    const finished = await t.call('kill', ['--all', t.id, 'KILL']);
    assert.is(finished.code, 0, finished.stderr);
    assert.is(readFileSync(`${root}/pids/${t.id}/cgroup.procs`, 'utf8'), '');
  },
});

test('cgroup-ownership/v2-of-a-hybrid-host-stays-outside', {
  skip: () => (existsSync(`${root}/unified`) ? needsV1() : 'needs a hybrid host'),
  config: c => {
    c.mounts.push({
      destination: '/sys/fs/cgroup',
      type: 'cgroup',
      source: 'cgroup',
      options: ['nosuid', 'noexec', 'nodev', 'relatime', 'ro'],
    });
  },
  probes: ['stat /sys/fs/cgroup/pids/cgroup.procs', 'stat /sys/fs/cgroup/unified'],
  inside: ({ at }) => {
    assert.is(at('stat /sys/fs/cgroup/pids/cgroup.procs').error, '');
    assert.is(at('stat /sys/fs/cgroup/unified').error, 'ENOENT');
  },
});

test('cgroup-ownership/memory-limit-too-low-is-named', {
  skip: needsV1,
  config: c => {
    c.linux.resources = { ...c.linux.resources, memory: { limit: 8192 } };
  },
  refused: /memory limit/,
});
