import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Bundle } from '../../harness/bundle.js';
import { type Config, type Hook, type HookKind, hookKinds } from '../../harness/config.js';
import { type Driver, type RuntimeOptions, test } from '../case.js';
import { type HookRecord, jsonLines } from '../report.js';

/** startContainer's program is looked up inside the root, all others on the host. */
function recordingHook(kind: HookKind, { dir, rootfs }: Bundle): Hook {
  const log = kind === 'startContainer' ? '/log/hooks' : join(dir, 'log/hooks');
  const path = kind === 'startContainer' ? '/bin/reporter' : join(rootfs, 'bin/reporter');
  return { path, args: ['reporter', 'hook', kind, log], env: [`KIND=${kind}`] };
}

/** All six hooks, each writing a line to one log that is bound into the container. */
function recordAll(c: Config, bundle: Bundle): void {
  mkdirSync(join(bundle.dir, 'log'), { recursive: true });
  c.mounts.push({ destination: '/log', type: 'bind', source: join(bundle.dir, 'log'), options: ['bind'] });
  c.hooks = Object.fromEntries(hookKinds.map(kind => [kind, [recordingHook(kind, bundle)]]));
  c.annotations = { 'org.example.note': 'kept' };
}

function records(t: Driver): readonly HookRecord[] {
  const log = join(t.bundle.dir, 'log/hooks');
  return existsSync(log) ? (jsonLines(readFileSync(log, 'utf8')) as readonly HookRecord[]) : [];
}

function record(t: Driver, kind: HookKind): HookRecord {
  const found = records(t).find(({ hook }) => hook === kind);
  if (found === undefined) throw new Error(`the hook ${kind} left no record`);
  return found;
}

async function wholeLife(t: Driver, options: RuntimeOptions = {}): Promise<number> {
  const created = await t.create([], options);
  const started = await t.call('start', [t.id], options);
  assert.is(started.code, 0, started.stderr);
  await created.ended();
  const deleted = await t.call('delete', [t.id], options);
  assert.is(deleted.code, 0, deleted.stderr);
  return created.pid;
}

/** Reads the state first: a runtime that writes it to a pipe may otherwise die of SIGPIPE, which is its own case. */
const failing = 'read -r state; exit 3';

const namesOf = (t: Driver) => records(t).map(({ hook }) => hook);

test('hooks/at-create', {
  config: (c, bundle) => {
    recordAll(c, bundle);
    delete c.hooks?.poststart;
  },
  drive: async t => {
    await t.create();
    assert.equal(namesOf(t), ['prestart', 'createRuntime', 'createContainer']);
  },
});

test('hooks/at-delete', {
  config: recordAll,
  drive: async t => {
    const created = await t.create();
    await t.start();
    await created.ended();
    assert.not.ok(namesOf(t).includes('poststop'));
    await t.call('delete', [t.id]);
    assert.equal(namesOf(t).at(-1), 'poststop');
    assert.equal([...namesOf(t)].sort(), [...hookKinds].sort());
  },
});

test('hooks/start-waits-for-start-container-then-runs-poststart', {
  config: (c, bundle) => {
    recordAll(c, bundle);
    const slowly = 'sleep 0.3; exec /bin/reporter hook startContainer /log/hooks';
    if (c.hooks)
      c.hooks.startContainer = [{ path: '/bin/sh', args: ['sh', '-c', slowly], env: ['PATH=/bin'] }];
  },
  files: ({ rootfs }) => symlinkSync('busybox', join(rootfs, 'bin/sleep')),
  drive: async t => {
    await t.create();
    await t.start();
    assert.equal(namesOf(t).slice(3), ['startContainer', 'poststart']);
  },
});

test('hooks/state-on-stdin', {
  config: recordAll,
  drive: async t => {
    const pid = await wholeLife(t);
    for (const { hook, state } of records(t)) {
      const parsed = JSON.parse(state);
      assert.is(parsed.id, t.id, hook);
      assert.is(parsed.bundle, t.bundle.dir, hook);
      assert.ok(typeof parsed.ociVersion === 'string', hook);
      assert.is(parsed.annotations['org.example.note'], 'kept', hook);
      if (hook === 'prestart' || hook === 'createRuntime' || hook === 'poststart')
        assert.is(parsed.pid, pid, hook);
    }
  },
});

test('hooks/status-in-the-state', {
  config: recordAll,
  drive: async t => {
    await wholeLife(t);
    const status = (kind: HookKind) => JSON.parse(record(t, kind).state).status as string;
    assert.ok(['creating', 'created'].includes(status('createRuntime')));
    assert.ok(['creating', 'created'].includes(status('createContainer')));
    assert.ok(['created', 'starting'].includes(status('startContainer')), status('startContainer'));
    assert.is(status('poststart'), 'running');
    assert.is(status('poststop'), 'stopped');
  },
});

test('hooks/namespaces', {
  config: recordAll,
  drive: async t => {
    await wholeLife(t);
    const host = record(t, 'createRuntime').namespaces;
    const inside = record(t, 'startContainer').namespaces;
    assert.equal(record(t, 'prestart').namespaces, host);
    assert.equal(record(t, 'poststart').namespaces, host);
    assert.equal(record(t, 'poststop').namespaces, host);
    assert.equal(record(t, 'createContainer').namespaces, inside);
    assert.is.not(inside.mnt, host.mnt);
    assert.is.not(inside.net, host.net);
  },
});

test('hooks/create-container-sees-the-host-path', {
  config: recordAll,
  drive: async t => {
    await wholeLife(t);
    assert.is(record(t, 'createContainer').insideRoot, false);
    assert.is(record(t, 'startContainer').insideRoot, true);
  },
});

test('hooks/environment-is-the-hooks-own', {
  config: recordAll,
  drive: async t => {
    await wholeLife(t);
    for (const { hook, env } of records(t)) assert.equal(env, [`KIND=${hook}`], hook);
  },
});

for (const [name, descriptors] of [
  ['hooks/no-leaked-descriptors', []],
  ['hooks/descriptors-of-the-caller-stay-outside', ['/', '/etc/passwd']],
] as const) {
  test(name, {
    config: recordAll,
    drive: async t => {
      await wholeLife(t, { descriptors });
      for (const { hook, fds, stdinClosed } of records(t)) {
        assert.not.ok(stdinClosed, hook);
        assert.equal(Object.keys(fds), ['0', '1', '2'], hook);
      }
    },
  });
}

test('hooks/several-in-their-order', {
  config: (c, bundle) => {
    recordAll(c, bundle);
    const { path } = recordingHook('createRuntime', bundle);
    const log = join(bundle.dir, 'log/hooks');
    const named = (name: string) => ({ path, args: ['reporter', 'hook', name, log] });
    c.hooks = { createRuntime: [named('first'), named('second'), named('third')] };
  },
  drive: async t => {
    await t.create();
    assert.equal(
      records(t).map(({ hook }) => hook),
      ['first', 'second', 'third'],
    );
  },
});

for (const kind of ['prestart', 'createRuntime', 'createContainer'] as const) {
  test(`hooks/failing-${kind}-fails-create`, {
    config: (c, bundle) => {
      recordAll(c, bundle);
      const recording = c.hooks ?? {};
      c.hooks = { ...recording, [kind]: [{ path: '/bin/sh', args: ['sh', '-c', failing] }] };
    },
    drive: async t => {
      const finished = await t.call('create', ['--bundle', t.bundle.dir, t.id]);
      assert.is.not(finished.code, 0);
      assert.match(finished.stderr, /hook/i);
      assert.is.not((await t.call('state', [t.id])).code, 0);
      assert.not.ok(records(t).some(({ hook }) => hook === 'startContainer'));
    },
  });
}

test('hooks/failing-start-container-fails-start', {
  config: c => {
    c.hooks = { startContainer: [{ path: '/bin/sh', args: ['sh', '-c', failing] }] };
  },
  drive: async t => {
    const created = await t.create();
    const started = await t.call('start', [t.id]);
    assert.is.not(started.code, 0);
    await created.ended();
    assert.is(created.output(), '', 'the program must not have run');
  },
});

test('hooks/failing-poststop-does-not-stop-delete', {
  config: c => {
    c.hooks = { poststop: [{ path: '/bin/sh', args: ['sh', '-c', failing] }] };
  },
  drive: async t => {
    const created = await t.create();
    await t.start();
    await created.ended();
    assert.is((await t.call('delete', [t.id])).code, 0);
    assert.is.not((await t.call('state', [t.id])).code, 0);
  },
});

test('hooks/missing-program-fails-create', {
  config: c => {
    c.hooks = { createRuntime: [{ path: '/nowhere/hook' }] };
  },
  refused: /hook/i,
});

test('hooks/timeout-kills-and-fails', {
  config: c => {
    c.hooks = { createRuntime: [{ path: '/bin/sleep', args: ['sleep', '1000'], timeout: 1 }] };
  },
  drive: async t => {
    const finished = await t.call('create', ['--bundle', t.bundle.dir, t.id]);
    assert.is.not(finished.code, 0);
    assert.match(finished.stderr, /hook|time/i);
  },
});

test('hooks/in-time-is-no-failure', {
  config: c => {
    c.hooks = {
      createRuntime: [{ path: '/bin/sh', args: ['sh', '-c', 'read -r state; exit 0'], timeout: 5 }],
    };
  },
  inside: ({ report }) => assert.is(report.pid, 1),
});

test('hooks/that-does-not-read-its-state', {
  config: c => {
    c.hooks = { createRuntime: [{ path: '/bin/true' }] };
  },
  inside: ({ report }) => assert.is(report.pid, 1),
});

test('hooks/end-with-a-runtime-that-is-killed', {
  drive: async t => {
    const file = join(t.dir, 'hook.pid');
    t.configure(c => {
      c.hooks = {
        createRuntime: [{ path: '/bin/sh', args: ['sh', '-c', `echo $$ > ${file}; exec sleep 1000`] }],
      };
    });
    const creating = t.begin('create', ['--bundle', t.bundle.dir, t.id]);
    let pid = '';
    while (!pid.endsWith('\n')) {
      pid = existsSync(file) ? readFileSync(file, 'utf8') : '';
      await new Promise(setImmediate);
    }
    creating.kill('SIGKILL');
    assert.is(await t.orphans.exited(Number(pid)), 128 + 9);
  },
});

test('hooks/one-that-leaves-the-lock-held', {
  skip: runtime => (runtime.startsWith('chos') ? undefined : 'the others have no lock'),
  deadlineMs: 60_000,
  drive: async t => {
    const pids = join(t.dir, 'holder');
    const script = `exec 9<${t.root}/${t.id} && flock -x 9 && { sleep 1000 & } && echo $! >${pids}`;
    t.configure(c => {
      c.hooks = {
        createRuntime: [
          {
            path: '/bin/sh',
            args: ['sh', '-c', `{ ${script}; } >/dev/null 2>&1`],
            env: ['PATH=/usr/bin:/bin'],
          },
        ],
      };
    });
    const finished = await t.call('create', ['--bundle', t.bundle.dir, t.id], { deadlineMs: 50_000 });
    process.kill(Number(readFileSync(pids, 'utf8')), 'SIGKILL');
    assert.is.not(finished.code, 0);
    assert.match(finished.stderr, /lock the state directory again: .*busy/);
    assert.is((await t.call('delete', ['--force', t.id])).code, 0);
  },
});
