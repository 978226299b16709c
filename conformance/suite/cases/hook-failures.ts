/** What comes of a launch whose hooks fail, hang or are interrupted, and what others may do meanwhile (runtime.md, "Lifecycle"). */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { test } from '../case.js';
import {
  beginHanging,
  createArgs,
  createKinds,
  hangConfig,
  hookNotes,
  insideShell,
  noted,
  notes,
  oursAlone,
  shell,
  takenBack,
  untilNoted,
} from '../hook-notes.js';

for (const kind of createKinds) {
  test(`hook-failures/${kind}-then-poststop`, {
    config: (c, bundle) => hookNotes(c, bundle, { [kind]: 'exit 3' }),
    drive: async t => takenBack(t, await t.call('create', createArgs(t))),
  });
}

test('hook-failures/missing-command-then-poststop', {
  config: (c, bundle) => {
    hookNotes(c, bundle, { createRuntime: 'exit 0' });
    c.process.args = ['/bin/nowhere'];
  },
  drive: async t => takenBack(t, await t.call('create', createArgs(t))),
});

test('hook-failures/refused-limit-then-poststop', {
  skip: () => (existsSync('/sys/fs/cgroup/cpuset/cgroup.procs') ? undefined : 'needs cpuset of cgroup v1'),
  config: (c, bundle) => {
    hookNotes(c, bundle, { createRuntime: 'exit 0' });
    c.linux.resources = { ...c.linux.resources, cpu: { cpus: '4000' } };
  },
  drive: async t => takenBack(t, await t.call('create', createArgs(t))),
});

for (const command of ['start', 'run'] as const) {
  for (const kind of ['startContainer', 'poststart'] as const) {
    test(`hook-failures/${kind}-at-${command}-then-poststop`, {
      config: (c, bundle) => hookNotes(c, bundle, { [kind]: 'exit 3' }),
      drive: async t => {
        if (command === 'run') return takenBack(t, await t.run());
        const created = await t.create();
        await takenBack(t, await t.call('start', [t.id]));
        await created.ended();
      },
    });
  }
}

test('hook-failures/unknown-interpreter-at-start-then-poststop', {
  config: (c, bundle) => {
    hookNotes(c, bundle, { createRuntime: 'exit 0' });
    c.process.args = ['/notes/script'];
  },
  files: ({ dir }) => {
    mkdirSync(join(dir, 'notes'), { recursive: true });
    writeFileSync(join(dir, 'notes/script'), '#!/nowhere\n', { mode: 0o755 });
  },
  drive: async t => {
    await t.create();
    await takenBack(t, await t.call('start', [t.id]));
  },
});

test('hook-failures/poststop-is-logged', {
  config: (c, bundle) =>
    hookNotes(c, bundle, { poststop: shell(`echo two words >&2; echo more >&2; exit 7`) }),
  drive: async t => {
    const created = await t.create();
    await t.start();
    process.kill(created.pid, 'SIGKILL');
    await created.ended();
    const log = join(t.dir, 'log.json');
    const deleted = await t.call('delete', [t.id], { global: ['--log', log, '--log-format', 'json'] });
    assert.is(deleted.code, 0, deleted.stderr);
    const { msg } = JSON.parse(readFileSync(log, 'utf8').split('\n')[0] ?? '');
    assert.match(msg, /hook/);
    assert.match(msg, /\b7\b/);
  },
});

test('hook-failures/one-failing-poststop-does-not-stop-the-next', {
  config: (c, bundle) => {
    hookNotes(c, bundle, {});
    c.hooks = { poststop: [shell('exit 1'), ...(c.hooks?.poststop ?? [])] };
  },
  drive: async t => {
    await t.create();
    assert.is((await t.call('delete', ['--force', t.id])).code, 0);
    assert.is.not(noted(t, 'poststop'), '');
  },
});

const waitedFor = [...createKinds, 'startContainer', 'poststart'] as const;

for (const kind of waitedFor) {
  for (const signal of kind === 'createRuntime'
    ? (['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
    : (['SIGTERM'] as const)) {
    test(`hook-failures/${signal}-while-${kind}-hangs`, {
      skip: oursAlone,
      config: hangConfig(kind),
      files: insideShell,
      drive: async t => {
        const { running, child } = await beginHanging(t, kind);
        running.kill(signal);
        await takenBack(t, await running.done);
        if (kind !== 'createContainer' && kind !== 'startContainer')
          assert.is(await t.orphans.exited(child), 128 + 9, 'the child of the hook goes on');
      },
    });
  }
  test(`hook-failures/delete-while-${kind}-hangs`, {
    skip: oursAlone,
    config: hangConfig(kind),
    files: insideShell,
    drive: async t => {
      const { running } = await beginHanging(t, kind);
      const began = performance.now();
      const deleted = await t.call('delete', ['--force', t.id], { deadlineMs: 5_000 });
      assert.is(deleted.code, 0, `${deleted.stderr} after ${performance.now() - began} ms`);
      assert.is.not(noted(t, 'poststop'), '');
      running.kill('SIGTERM');
      await takenBack(t, await running.done);
    },
  });
}

test('hook-failures/SIGTERM-while-poststop-hangs', {
  skip: oursAlone,
  config: hangConfig('poststop'),
  drive: async t => {
    await t.create();
    const running = t.begin('delete', ['--force', t.id]);
    const child = Number(await untilNoted(t, 'hangs'));
    running.kill('SIGTERM');
    assert.not.ok((await running.done).timedOut);
    assert.is(await t.orphans.exited(child), 128 + 9, 'the child of the hook goes on');
    assert.is.not((await t.call('state', [t.id])).code, 0);
  },
});

for (const kind of ['createRuntime', 'poststart'] as const) {
  test(`hook-failures/late-${kind}-ends-with-its-children`, {
    skip: oursAlone,
    config: hangConfig(kind, { timeout: 1 }),
    drive: async t => {
      const { running, child } = await beginHanging(t, kind);
      await takenBack(t, await running.done);
      assert.is(await t.orphans.exited(child), 128 + 9, 'the child of the hook goes on');
    },
  });
}

test('hook-failures/what-a-hook-leaves-running-goes-on', {
  skip: runtime => (runtime === 'runc' ? 'waits until nobody holds the pipe of the output open' : undefined),
  config: (c, bundle) =>
    hookNotes(c, bundle, { createRuntime: `sleep 1000 >&2 & echo $! > ${notes(bundle)}/left` }),
  drive: async t => {
    await t.create();
    const left = Number(noted(t, 'left'));
    assert.is(process.kill(left, 0), true);
    process.kill(left, 'SIGKILL');
    assert.is(await t.orphans.exited(left), 128 + 9);
  },
});

for (const [kind, status] of [
  ['createRuntime', 'creating'],
  ['createContainer', 'creating'],
  ['startContainer', 'created'],
  ['poststart', 'running'],
] as const) {
  test(`hook-failures/state-while-${kind}-is-at-work`, {
    skip: oursAlone,
    config: hangConfig(kind),
    files: insideShell,
    drive: async t => {
      const { running, child } = await beginHanging(t, kind);
      assert.is((await t.state()).status, status);
      const listed = await t.call('list', ['--format', 'json']);
      const [entry] = JSON.parse(listed.stdout) as readonly { readonly status: string }[];
      assert.is(entry?.status, status);
      running.kill('SIGKILL');
      await running.done;
      // A killed runtime takes its hook along, but not what that has started.
      if (kind === 'createRuntime' || kind === 'poststart') process.kill(child, 'SIGKILL');
      const after = await t.state();
      assert.is(after.status === 'creating', false, 'nobody creates it any more');
    },
  });
}

test('hook-failures/start-and-kill-while-created', {
  skip: oursAlone,
  config: hangConfig('createRuntime'),
  drive: async t => {
    const { running } = await beginHanging(t, 'createRuntime');
    for (const command of [['start'], ['kill'], ['delete'], ['exec', '/bin/reporter', 'report']] as const) {
      const [name, ...args] = command;
      const finished = await t.call(name, [t.id, ...args]);
      assert.is.not(finished.code, 0, name);
      assert.not.ok(finished.timedOut, name);
    }
    running.kill('SIGTERM');
    await takenBack(t, await running.done);
  },
});
