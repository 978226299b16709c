import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as assert from 'uvu/assert';
import type { Config } from '../../harness/config.js';
import { type State, test } from '../case.js';

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** As the host's /etc/passwd calls it, or the number. */
const nameOf = (uid: number): string =>
  readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map(line => line.split(':'))
    .find(fields => fields[2] === String(uid))?.[0] ?? String(uid);

function sleeping(c: Config): void {
  c.process.args = ['/bin/reporter', 'sleep'];
  c.annotations = { 'org.example.note': 'kept "well"' };
}

test('state/fields', {
  config: sleeping,
  drive: async t => {
    const { pid } = await t.create();
    const state = await t.state();
    assert.is(state.id, t.id);
    assert.is(state.pid, pid);
    assert.is(state.status, 'created');
    assert.is(state.bundle, t.bundle.dir);
    assert.is(resolve(state.bundle, state.rootfs ?? ''), t.bundle.rootfs);
    assert.match(state.ociVersion, /^1\.\d+\.\d+/);
    assert.match(state.created ?? '', rfc3339);
    assert.is(state.annotations?.['org.example.note'], 'kept "well"');
  },
});

test('state/through-a-life', {
  config: c => {
    sleeping(c);
    c.process.args = ['/bin/reporter', 'sleep'];
  },
  drive: async t => {
    const created = await t.create();
    assert.is((await t.state()).status, 'created');
    await t.start();
    await created.printed('ready');
    assert.is((await t.state()).status, 'running');
    await t.call('kill', [t.id, 'KILL']);
    await created.ended();
    const stopped = await t.state();
    assert.is(stopped.status, 'stopped');
    assert.is(stopped.pid, 0);
  },
});

test('state/created-is-the-time-of-creation', {
  drive: async t => {
    const before = Date.now() - 1000;
    await t.create();
    const created = Date.parse((await t.state()).created ?? '');
    assert.ok(created >= before && created <= Date.now() + 1000, String(created));
  },
});

test('state/bundle-is-absolute-when-given-relative', {
  drive: async t => {
    const finished = await t.call('create', ['--bundle', 'bundle', t.id], { cwd: t.dir });
    assert.is(finished.code, 0, finished.stderr);
    assert.is((await t.state()).bundle, t.bundle.dir);
  },
});

test('state/bundle-defaults-to-the-working-directory', {
  drive: async t => {
    const finished = await t.call('create', [t.id]);
    assert.is(finished.code, 0, finished.stderr);
    assert.is((await t.state()).bundle, t.bundle.dir);
  },
});

test('state/config-may-change-after-create', {
  drive: async t => {
    const created = await t.create();
    writeFileSync(join(t.bundle.dir, 'config.json'), 'no longer JSON');
    await t.start();
    assert.is(await created.ended(), 0);
    assert.match(created.output(), '"probe":"report"');
  },
});

test('state/unknown-container', {
  drive: async t => {
    const finished = await t.call('state', [t.id]);
    assert.is.not(finished.code, 0);
    assert.match(finished.stderr, /does not exist|no such file/i);
    assert.is(finished.stdout, '');
  },
});

test('state/one-object-and-nothing-on-stderr', {
  drive: async t => {
    await t.create();
    const finished = await t.call('state', [t.id]);
    assert.is(finished.stderr, '');
    assert.type(JSON.parse(finished.stdout), 'object');
  },
});

test('state/reused-pid-is-not-mistaken', {
  config: c => {
    c.process.args = ['/bin/reporter', 'exit', '0'];
  },
  drive: async t => {
    const created = await t.create();
    await t.start();
    await created.ended();
    for (let again = 0; again < 3; again++) assert.is((await t.state()).status, 'stopped');
  },
});

test('state/annotations-of-any-size', {
  config: c => {
    c.annotations = { big: 'ä"\\'.repeat(500_000), small: 'kept' };
  },
  drive: async t => {
    await t.create();
    for (const status of ['created', 'stopped']) {
      const state = await t.state();
      assert.is(state.status, status);
      assert.equal(state.annotations, t.config.annotations);
      const [listed] = JSON.parse((await t.call('list', ['--format', 'json'])).stdout) as State[];
      assert.is(listed?.status, status);
      if (status === 'created') {
        const ended = t.orphans.exited(state.pid);
        await t.call('kill', [t.id, 'KILL']);
        await ended;
      }
    }
  },
});

test('list/json', {
  config: sleeping,
  drive: async t => {
    const { pid } = await t.create();
    const finished = await t.call('list', ['--format', 'json']);
    assert.is(finished.code, 0, finished.stderr);
    const [only, ...rest] = JSON.parse(finished.stdout) as State[];
    assert.equal([only?.id, only?.pid, only?.status, only?.bundle], [t.id, pid, 'created', t.bundle.dir]);
    assert.is(only?.owner, t.caller === 'user' ? nameOf(1000) : 'root');
    assert.match(only?.created ?? '', rfc3339);
    assert.equal(rest, []);
  },
});

test('list/json-of-none', {
  drive: async t => {
    const finished = await t.call('list', ['-f', 'json']);
    assert.is(finished.code, 0, finished.stderr);
    assert.equal(JSON.parse(finished.stdout) ?? [], []);
  },
});

test('list/table', {
  drive: async t => {
    const { pid } = await t.create();
    const [header = '', line = ''] = (await t.call('list', [])).stdout.split('\n');
    assert.equal(header.trim().split(/\s+/).slice(0, 6), [
      'ID',
      'PID',
      'STATUS',
      'BUNDLE',
      'CREATED',
      'OWNER',
    ]);
    assert.equal(line.trim().split(/\s+/).slice(0, 4), [t.id, String(pid), 'created', t.bundle.dir]);
  },
});

test('list/quiet', {
  drive: async t => {
    await t.create();
    assert.is((await t.call('list', ['-q'])).stdout, `${t.id}\n`);
  },
});

test('ps/json', {
  config: sleeping,
  drive: async t => {
    const { pid } = await t.create();
    const finished = await t.call('ps', ['--format', 'json', t.id]);
    assert.is(finished.code, 0, finished.stderr);
    assert.equal(JSON.parse(finished.stdout), [pid]);
  },
});

/** Without cgroups nobody but the first process tells who belongs to it. */
test('ps/without-a-cgroup', {
  skip: runtime => (runtime.startsWith('chos') ? undefined : 'the others want a cgroup for it'),
  config: c => {
    c.process.args = ['/bin/busybox', 'sh', '-c', 'busybox sleep 1000 & echo ready; wait'];
    c.linux.resources = {};
  },
  drive: async t => {
    const created = await t.create([], { global: ['--cgroup-manager', 'disabled'] });
    await t.start();
    await created.printed('ready');
    const finished = await t.call('ps', ['--format', 'json', t.id]);
    assert.is(finished.code, 0, finished.stderr);
    const pids = JSON.parse(finished.stdout) as readonly number[];
    assert.ok(pids.includes(created.pid));
    assert.is(pids.length, 2);
    const table = await t.call('ps', [t.id, '-o', 'pid,comm']);
    assert.match(table.stdout, /^ *PID/);
    assert.is(table.stdout.trim().split('\n').length, 3, table.stdout);
  },
});

test('list/tells-of-what-it-leaves-out', {
  skip: runtime => (runtime.startsWith('chos') ? undefined : 'the others fail, or say nothing'),
  config: sleeping,
  drive: async t => {
    await t.create();
    const damaged = t.anotherId();
    mkdirSync(join(t.root, damaged), { mode: 0o700 });
    writeFileSync(join(t.root, damaged, 'state.json'), '{');
    const finished = await t.call('list', ['--format', 'json']);
    assert.is(finished.code, 0);
    const listed = JSON.parse(finished.stdout) as readonly { readonly id: string }[];
    assert.equal(
      listed.map(({ id }) => id),
      [t.id],
    );
    assert.match(finished.stderr, damaged);
    assert.is((await t.call('delete', ['--force', damaged])).code, 0);
    assert.is((await t.call('list', [])).stderr, '');
  },
});

/** `list` and `state` would call every container stopped, and `delete` would remove it. */
test('lifecycle/nothing-is-done-without-procfs', {
  as: ['root'],
  config: c => {
    c.process.args = ['/bin/reporter', 'sleep'];
  },
  drive: async t => {
    await t.create();
    await t.start();
    const without = [
      'unshare',
      '--mount',
      'sh',
      '-c',
      'umount -l /proc; mount -t tmpfs none /proc; exec "$@"',
      'sh',
    ];
    for (const [command, ...args] of [
      ['list'],
      ['state', t.id],
      ['kill', t.id, 'KILL'],
      ['delete', t.id],
      ['exec', t.id, '/bin/true'],
    ]) {
      const tried = await t.call(command ?? '', args, { through: without });
      assert.is.not(tried.code, 0, command);
      if (t.runtime.name.startsWith('chos'))
        assert.match(tried.stderr, /there is no procfs on \/proc\n$/, command);
    }
    assert.is((await t.state()).status, 'running');
  },
});
