/** Containers that are frozen: by `pause`, from outside, before they are started or made, and what ends them. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import type { Config } from '../../harness/config.js';
import { type Driver, test } from '../case.js';

const freezer = '/sys/fs/cgroup/freezer';
const needsV1 = () => (existsSync(freezer) ? undefined : 'needs the freezer of cgroup v1');
/** Of the others, what has been frozen stays for the rest of the suite. */
const oursOnly = (runtime: string) =>
  runtime.startsWith('chos') ? needsV1() : 'the others wait for ever, or leave it frozen';

function sleeping(c: Config): void {
  c.process.args = ['/bin/reporter', 'sleep'];
}

async function running(t: Driver): Promise<Awaited<ReturnType<Driver['create']>>> {
  const created = await t.create();
  await t.start();
  await created.printed('ready');
  return created;
}

const stateOf = (path: string): string => readFileSync(`${freezer}/${path}/freezer.state`, 'utf8').trim();
const write = (path: string, value: string): void => writeFileSync(`${freezer}/${path}/freezer.state`, value);

test('freezing/paused-before-its-start', {
  config: sleeping,
  drive: async t => {
    const created = await t.create();
    assert.is((await t.call('pause', [t.id])).code, 0);
    assert.is((await t.state()).status, 'paused');
    const started = await t.call('start', [t.id]);
    assert.is.not(started.code, 0);
    assert.match(started.stderr, /paused/);
    assert.is((await t.call('resume', [t.id])).code, 0);
    assert.is((await t.state()).status, 'created');
    await t.start();
    await created.printed('ready');
  },
});

test('freezing/paused-before-its-start-then-deleted', {
  config: sleeping,
  drive: async t => {
    await t.create();
    await t.call('pause', [t.id]);
    assert.is.not((await t.call('delete', [t.id])).code, 0);
    const finished = await t.call('delete', ['--force', t.id]);
    assert.is(finished.code, 0, finished.stderr);
  },
});

test('freezing/pause-of-a-paused-one', {
  config: sleeping,
  drive: async t => {
    await running(t);
    await t.call('pause', [t.id]);
    const again = await t.call('pause', [t.id]);
    assert.is.not(again.code, 0);
    // runc says that it is not running.
    assert.match(again.stderr, /paused already|not running/);
    await t.call('resume', [t.id]);
    const thawed = await t.call('resume', [t.id]);
    assert.is.not(thawed.code, 0);
    assert.match(thawed.stderr, /not paused/);
  },
});

test('freezing/kill-ends-a-paused-one', {
  config: sleeping,
  drive: async t => {
    const created = await running(t);
    await t.call('pause', [t.id]);
    assert.is((await t.call('kill', [t.id, 'KILL'])).code, 0);
    assert.is(await created.ended(), 128 + 9);
    assert.is((await t.state()).status, 'stopped');
  },
});

test('freezing/from-outside', {
  skip: needsV1,
  config: sleeping,
  drive: async t => {
    await running(t);
    write(t.id, 'FROZEN');
    assert.is((await t.state()).status, 'paused');
    const refused = await t.exec([t.id, '/bin/reporter', 'report']);
    assert.is.not(refused.code, 0);
    assert.match(refused.stderr, /paused/);
    assert.is((await t.call('resume', [t.id])).code, 0);
    assert.is((await t.exec([t.id, '/bin/reporter', 'report'])).code, 0);
  },
});

test('freezing/a-group-below', {
  skip: oursOnly,
  config: c => {
    sleeping(c);
    c.linux.namespaces = c.linux.namespaces.filter(({ type }) => type !== 'pid');
  },
  drive: async t => {
    const { pid } = await running(t);
    mkdirSync(`${freezer}/${t.id}/below`);
    writeFileSync(`${freezer}/${t.id}/below/cgroup.procs`, `${pid}`);
    write(`${t.id}/below`, 'FROZEN');
    const finished = await t.call('delete', ['--force', t.id]);
    assert.is(finished.code, 0, finished.stderr);
    assert.not.ok(existsSync(`${freezer}/${t.id}`));
  },
});

test('freezing/kill-reaches-a-group-below', {
  skip: oursOnly,
  config: sleeping,
  drive: async t => {
    const created = await running(t);
    mkdirSync(`${freezer}/${t.id}/below`);
    writeFileSync(`${freezer}/${t.id}/below/cgroup.procs`, `${created.pid}`);
    write(`${t.id}/below`, 'FROZEN');
    assert.is((await t.call('kill', [t.id, 'KILL'])).code, 0);
    assert.is(await created.ended(), 128 + 9);
  },
});

test('freezing/a-group-below-before-its-start', {
  skip: oursOnly,
  config: sleeping,
  drive: async t => {
    const created = await t.create();
    mkdirSync(`${freezer}/${t.id}/below`);
    writeFileSync(`${freezer}/${t.id}/below/cgroup.procs`, `${created.pid}`);
    write(`${t.id}/below`, 'FROZEN');
    const refused = await t.call('start', [t.id]);
    assert.is.not(refused.code, 0);
    assert.match(refused.stderr, /cannot be started: the cgroup that init is in is frozen/);
    assert.is((await t.state()).status, 'created');
    write(`${t.id}/below`, 'THAWED');
    await t.start();
    await created.printed('ready');
  },
});

test('freezing/a-group-below-before-its-start-then-deleted', {
  skip: oursOnly,
  config: sleeping,
  drive: async t => {
    const created = await t.create();
    mkdirSync(`${freezer}/${t.id}/a/b`, { recursive: true });
    writeFileSync(`${freezer}/${t.id}/a/b/cgroup.procs`, `${created.pid}`);
    write(`${t.id}/a`, 'FROZEN');
    assert.is.not((await t.call('start', [t.id])).code, 0);
    const finished = await t.call('delete', ['--force', t.id]);
    assert.is(finished.code, 0, finished.stderr);
    assert.not.ok(existsSync(`${freezer}/${t.id}`));
  },
});

/** A hook on the host that puts init into a group, which is then frozen. */
const freezeInit = (group: string): { readonly path: string; readonly args: string[] } => ({
  path: '/bin/sh',
  args: [
    'sh',
    '-c',
    `pid=$(sed 's/.*"pid":\\([0-9]*\\).*/\\1/'); mkdir -p ${group} && echo $pid >${group}/cgroup.procs && echo FROZEN >${group}/freezer.state`,
  ],
});

test('freezing/a-hook-freezes-init-below', {
  skip: oursOnly,
  config: sleeping,
  drive: async t => {
    t.configure(c => {
      c.hooks = { createRuntime: [freezeInit(`${freezer}/${t.id}/below`)] };
    });
    const finished = await t.call('create', ['--bundle', t.bundle.dir, t.id]);
    assert.is.not(finished.code, 0);
    assert.match(finished.stderr, /frozen while it was being started/);
    assert.not.ok(existsSync(`${freezer}/${t.id}`));
  },
});

test('freezing/a-frozen-one-at-its-path-is-refused', {
  skip: runtime => (runtime.startsWith('crun') ? 'crun waits for ever' : needsV1()),
  config: sleeping,
  drive: async t => {
    mkdirSync(`${freezer}/${t.id}`);
    t.afterwards(() => {
      if (existsSync(`${freezer}/${t.id}`)) rmdirSync(`${freezer}/${t.id}`);
    });
    write(t.id, 'FROZEN');
    const finished = await t.call('create', ['--bundle', t.bundle.dir, t.id]);
    assert.is.not(finished.code, 0);
    assert.match(finished.stderr, /frozen/i);
    if (t.runtime.name.startsWith('chos')) assert.is(stateOf(t.id), 'FROZEN', 'it is left as it was');
  },
});

test('freezing/one-above-its-path-is-refused', {
  skip: oursOnly,
  config: c => {
    sleeping(c);
    c.linux.cgroupsPath = `${c.linux.cgroupsPath}-above/below`;
  },
  drive: async t => {
    const above = `${freezer}/${t.id}-above`;
    mkdirSync(above);
    t.afterwards(() => removeAbove(t));
    write(`${t.id}-above`, 'FROZEN');
    const finished = await t.call('create', ['--bundle', t.bundle.dir, t.id]);
    assert.is.not(finished.code, 0);
    assert.match(finished.stderr, /-above\/below: it, or one above it, is frozen/);
    assert.not.ok(existsSync(`${above}/below`), 'what it made is gone');
  },
});

test('freezing/one-above-a-running-container', {
  skip: oursOnly,
  config: c => {
    sleeping(c);
    c.linux.cgroupsPath = `${c.linux.cgroupsPath}-above/below`;
  },
  drive: async t => {
    await running(t);
    t.afterwards(() => removeAbove(t));
    write(`${t.id}-above`, 'FROZEN');
    assert.is((await t.state()).status, 'paused');
    const resumed = await t.call('resume', [t.id]);
    assert.is.not(resumed.code, 0);
    assert.match(resumed.stderr, /a cgroup above its own is frozen/);
    write(`${t.id}-above`, 'THAWED');
    assert.is((await t.state()).status, 'running');
    assert.is((await t.call('delete', ['--force', t.id])).code, 0);
  },
});

/** The groups above a container's own are nobody's to remove but ours. */
function removeAbove(t: Driver): void {
  for (const hierarchy of [
    'cpu',
    'cpuacct',
    'cpuset',
    'memory',
    'devices',
    'freezer',
    'blkio',
    'pids',
  ].concat('systemd', 'unified')) {
    const above = `/sys/fs/cgroup/${hierarchy}/${t.id}-above`;
    if (existsSync(above)) rmdirSync(above);
  }
}
