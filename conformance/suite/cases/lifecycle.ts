import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Config } from '../../harness/config.js';
import { descendants, listProcesses } from '../../harness/processes.js';
import { test } from '../case.js';

function sleeping(c: Config): void {
  c.process.args = ['/bin/reporter', 'sleep'];
}

test('lifecycle/create-runs-nothing-start-does', {
  config: c => {
    c.process.args = ['/bin/reporter', 'write', '/data/ran', ',', 'report'];
  },
  drive: async t => {
    const created = await t.create();
    assert.is(created.output(), '');
    assert.throws(() => statSync(join(t.bundle.rootfs, 'data/ran')));
    await t.start();
    assert.is(await created.ended(), 0);
    assert.match(created.output(), '"probe":"report"');
  },
});

test('lifecycle/start-on-a-read-only-state-root-starts-nothing', {
  config: c => {
    c.process.args = ['/bin/reporter', 'write', '/data/ran', ',', 'report'];
  },
  drive: async t => {
    const created = await t.create();
    execFileSync('mount', ['--bind', t.root, t.root]);
    try {
      execFileSync('mount', ['-o', 'remount,bind,ro', t.root]);
      const refused = await t.call('start', [t.id]);
      assert.is.not(refused.code, 0);
      assert.match(refused.stderr, /read-only file system/i);
      assert.is((await t.state()).status, 'created');
      assert.throws(() => statSync(join(t.bundle.rootfs, 'data/ran')));
    } finally {
      execFileSync('umount', [t.root]);
    }
    await t.start();
    assert.is(await created.ended(), 0);
    assert.match(created.output(), '"probe":"report"');
  },
});

test('lifecycle/init-belongs-to-the-subreaper', {
  config: sleeping,
  drive: async t => {
    const { pid } = await t.create();
    const parent = listProcesses().find(entry => entry.pid === pid)?.ppid;
    assert.is(parent, t.supervisor);
  },
});

test('lifecycle/only-init-is-left-after-create', {
  config: sleeping,
  drive: async t => {
    const { pid } = await t.create();
    await t.start();
    const left = descendants(t.supervisor, process.pid).filter(({ state }) => state !== 'Z');
    assert.equal(
      left.map(entry => entry.pid),
      [pid],
    );
  },
});

test('lifecycle/no-zombie-is-left', {
  config: sleeping,
  drive: async t => {
    const { pid } = await t.create();
    await t.start();
    const zombies = descendants(t.supervisor, process.pid).filter(
      ({ state, ppid }) => state === 'Z' && ppid === pid,
    );
    assert.equal(zombies, []);
  },
});

test('lifecycle/created-init-holds-nothing-of-the-host', {
  drive: async t => {
    const { pid } = await t.create();
    assert.is(readlinkSync(`/proc/${pid}/cwd`), '/');
    const mounts = readFileSync(`/proc/${pid}/mountinfo`, 'utf8').split('\n');
    assert.not.ok(mounts.some(line => line.split(' ')[4]?.startsWith(t.dir)));
  },
});

test('lifecycle/exit-code-reaches-the-subreaper', {
  config: c => {
    c.process.args = ['/bin/reporter', 'exit', '77'];
  },
  drive: async t => {
    const created = await t.create();
    await t.start();
    assert.is(await created.ended(), 77);
  },
});

test('lifecycle/two-at-the-same-time', {
  config: sleeping,
  drive: async t => {
    const first = await t.create();
    const other = t.anotherId();
    t.configure(c => {
      c.linux.cgroupsPath = `/${other}`;
    });
    const second = await t.call('create', ['--bundle', t.bundle.dir, other]);
    assert.is(second.code, 0, second.stderr);
    await t.start();
    assert.is((await t.call('delete', ['--force', other])).code, 0);
    await first.printed('ready');
    assert.is((await t.state()).status, 'running');
  },
});

for (const [name, number] of [
  ['SIGTERM', 15],
  ['SIGHUP', 1],
  ['SIGUSR1', 10],
  ['SIGINT', 2],
] as const) {
  test(`lifecycle/run-forwards-${name}`, {
    config: c => {
      c.process.args = ['/bin/reporter', 'wait', ',', 'exit', '21'];
    },
    drive: async t => {
      const running = t.begin('run', ['--bundle', t.bundle.dir, t.id]);
      await running.printed('ready');
      running.kill(name);
      const finished = await running.done;
      assert.match(finished.stdout, `"signal":${number}`);
      assert.is(finished.code, 21);
    },
  });
}

test('lifecycle/run-tells-of-a-killed-container', {
  config: sleeping,
  drive: async t => {
    const running = t.begin('run', ['--bundle', t.bundle.dir, t.id]);
    await running.printed('ready');
    assert.is((await t.call('kill', [t.id, 'KILL'])).code, 0);
    assert.is((await running.done).code, 128 + 9);
  },
});

test('lifecycle/create-survives-a-closed-caller', {
  // A shell that ends at once: nothing of the container may hang on its session or process group.
  config: sleeping,
  drive: async t => {
    const { pid } = await t.create([], { through: ['setsid', '-w'] });
    await t.start();
    assert.is((await t.state()).pid, pid);
    assert.is((await t.state()).status, 'running');
  },
});

test('lifecycle/pause-and-resume', {
  config: sleeping,
  drive: async t => {
    await t.create();
    await t.start();
    assert.is((await t.call('pause', [t.id])).code, 0);
    assert.is((await t.state()).status, 'paused');
    assert.is((await t.call('resume', [t.id])).code, 0);
    assert.is((await t.state()).status, 'running');
  },
});

test('lifecycle/delete-forced-while-paused', {
  config: sleeping,
  drive: async t => {
    await t.create();
    await t.start();
    await t.call('pause', [t.id]);
    const finished = await t.call('delete', ['--force', t.id]);
    assert.is(finished.code, 0, finished.stderr);
  },
});
