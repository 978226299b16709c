/** What comes of a launch whose hooks fail, hang or are interrupted, and what others may do meanwhile (runtime.md, "Lifecycle"). */
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Bundle } from '../bundle.js';
import { type Driver, test } from '../case.js';
import type { Config, Hook, HookKind } from '../config.js';
import type { Finished, Running } from '../processes.js';

/** All read the state: a runtime that writes it to a pipe may otherwise die of SIGPIPE, which is its own case. */
function shell(script: string, more: Partial<Hook> = {}): Hook {
  return { path: '/bin/sh', args: ['sh', '-c', `read -r state; ${script}`], env: ['PATH=/bin'], ...more };
}

/** A directory that hooks on the host and inside see under the same name. */
const notes = ({ dir }: Bundle) => join(dir, 'notes');

function hookNotes(c: Config, bundle: Bundle, hooks: Partial<Record<HookKind, string | Hook>>): void {
  mkdirSync(notes(bundle), { recursive: true });
  c.mounts.push({ destination: '/notes', type: 'bind', source: notes(bundle), options: ['bind'] });
  c.process.args = ['/bin/reporter', 'sleep'];
  c.hooks = { poststop: [shell(`echo "$state" >> ${notes(bundle)}/poststop`)] };
  for (const [kind, hook] of Object.entries(hooks))
    c.hooks = { ...c.hooks, [kind]: [typeof hook === 'string' ? shell(hook) : hook] };
}

const noted = ({ bundle }: Driver, name: string): string => {
  const file = join(notes(bundle), name);
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
};

async function untilNoted(t: Driver, name: string): Promise<string> {
  for (;;) {
    const text = noted(t, name);
    if (text.endsWith('\n')) return text.trim();
    await new Promise(setImmediate);
  }
}

/** Nothing is left of it, and poststop hooks have run once, with the state `stopped`. */
async function takenBack(t: Driver, finished: Finished): Promise<void> {
  assert.is.not(finished.code, 0);
  assert.not.ok(finished.timedOut, finished.stderr);
  assert.is.not((await t.call('state', [t.id])).code, 0, 'the container is still there');
  const lines = noted(t, 'poststop').trim().split('\n');
  assert.is(lines.length, 1, `poststop ran ${lines.length} times`);
  const { id, status } = JSON.parse(lines[0] ?? '');
  assert.equal([id, status], [t.id, 'stopped']);
}

const createArgs = (t: Driver) => ['--bundle', t.bundle.dir, t.id];
const insideShell = ({ rootfs }: Bundle) => symlinkSync('busybox', join(rootfs, 'bin/sleep'));
const createKinds = ['prestart', 'createRuntime', 'createContainer'] as const;

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

const wordsOfOurs = (runtime: string): string | undefined =>
  runtime.startsWith('chos') ? undefined : 'has words of its own: neither kind nor place, crun no output';

test('hook-failures/each-poststop-has-words-of-its-own', {
  skip: wordsOfOurs,
  config: (c, bundle) => {
    hookNotes(c, bundle, {});
    c.hooks = { poststop: [shell('', { path: '/nowhere/a' }), shell('', { path: '/nowhere/b' })] };
  },
  drive: async t => {
    await t.create();
    const deleted = await t.call('delete', ['--force', t.id]);
    assert.is(deleted.code, 0);
    const lines = deleted.stderr.trim().split('\n');
    assert.match(lines[0] ?? '', /#0 \/nowhere\/a was not executed: No such file or directory \(/);
    assert.match(lines[1] ?? '', /#1 \/nowhere\/b was not executed: No such file or directory \(/);
    assert.is(lines.length, 2, deleted.stderr);
  },
});

/** Says that it is at work and which process hangs below it; ends never. */
const hanging = (directory: string): string => `sleep 1000 & echo $! > ${directory}/hangs; wait`;

/** A hook of that kind hangs, and the command that waits for it is begun. */
async function beginHanging(
  t: Driver,
  kind: HookKind,
): Promise<{ readonly running: Running; readonly child: number }> {
  let running: Running;
  if (kind === 'startContainer' || kind === 'poststart') {
    await t.create();
    running = t.begin('start', [t.id]);
  } else {
    running = t.begin('create', createArgs(t));
  }
  return { running, child: Number(await untilNoted(t, 'hangs')) };
}

const hangConfig =
  (kind: HookKind, more: Partial<Hook> = {}) =>
  (c: Config, bundle: Bundle): void => {
    const inside = kind === 'startContainer';
    hookNotes(c, bundle, { [kind]: shell(hanging(inside ? '/notes' : notes(bundle)), more) });
  };

/** crun and runc leave hooks, init and cgroups behind, for which the suite would wait and look. */
const oursAlone = (runtime: string): string | undefined =>
  runtime.startsWith('chos') ? undefined : 'leaves processes and cgroups behind, or does not come back';

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

for (const [kind, words] of [
  ['prestart', 'ended with exit code 3'],
  ['createRuntime', 'ended with exit code 3'],
  ['createContainer', 'ended with exit code 3'],
  ['startContainer', 'ended with exit code 3'],
  ['poststart', 'ended with exit code 3'],
] as const) {
  test(`hook-words/${kind}`, {
    skip: wordsOfOurs,
    config: (c, bundle) => {
      hookNotes(c, bundle, {});
      const failing = shell('echo to stdout; echo first >&2; echo last words >&2; exit 3');
      c.hooks = { ...c.hooks, [kind]: [shell('exit 0'), failing] };
    },
    drive: async t => {
      const finished = await t.run();
      assert.match(finished.stderr, words);
      assert.match(finished.stderr, `${kind} hook #1 /bin/sh `);
      assert.match(finished.stderr, 'first last words');
      assert.match(finished.stderr, `hooks.${kind}[1]`);
      assert.not.match(finished.stderr, /to stdout|errno|canceled/);
      assert.is(finished.stderr.trim().split('\n').length, 1);
      if (kind !== 'poststart') assert.is(finished.stdout, '');
    },
  });
}

for (const [name, script, more, words] of [
  ['signal', 'kill -SEGV $$', {}, /was killed by signal 11 /],
  ['late', 'sleep 1000', { timeout: 1 }, /took longer than 1 s/],
  ['missing', '', { path: '/nowhere/hook' }, /was not executed: No such file or directory/],
  ['not-executable', '', { path: '/etc/passwd' }, /was not executed: Permission denied/],
  [
    'talkative',
    'i=0; while [ $i -lt 3000 ]; do echo line $i >&2; i=$((i+1)); done; exit 1',
    {},
    /exit code 1: line 2\d+ line .* line 2999 \(/,
  ],
  ['reopened', 'echo one > /dev/stderr; echo two > /dev/stderr; exit 1', {}, /exit code 1: two \(/],
  ['odd-bytes', "printf 'a\\033[1mb\\377c' >&2; exit 1", {}, /exit code 1: a.\[1mb.*c \(/],
] as const) {
  test(`hook-words/${name}`, {
    skip: wordsOfOurs,
    config: (c, bundle) => hookNotes(c, bundle, { createRuntime: shell(script, more) }),
    drive: async t => {
      const log = join(t.dir, 'log.json');
      const finished = await t.call('create', createArgs(t), {
        global: ['--log', log, '--log-format', 'json'],
      });
      await takenBack(t, finished);
      assert.match(finished.stderr, words);
      assert.not.match(finished.stderr, '\u001b');
      const bytes = readFileSync(log);
      assert.is(bytes.toString('utf8').includes('\ufffd'), false, 'the log is not UTF-8');
      assert.match(JSON.parse(bytes.toString('utf8')).msg, words);
    },
  });
}

test('hook-output/is-not-the-containers', {
  config: (c, bundle) => {
    const talking = 'echo on stdout; echo on stderr >&2';
    hookNotes(c, bundle, {});
    for (const kind of [...createKinds, 'startContainer', 'poststart', 'poststop'] as const)
      c.hooks = { ...c.hooks, [kind]: [shell(talking)] };
    c.process.args = ['/bin/busybox', 'echo', 'only this'];
  },
  drive: async t => {
    const finished = await t.run();
    assert.equal([finished.code, finished.stdout, finished.stderr], [0, 'only this\n', '']);
  },
});

test('hook-output/files-of-annotations', {
  config: (c, bundle) => {
    hookNotes(c, bundle, {});
    for (const kind of ['createRuntime', 'startContainer'] as const)
      c.hooks = { ...c.hooks, [kind]: [shell(`echo ${kind} out; echo ${kind} err >&2`)] };
    c.annotations = {
      'run.oci.hooks.stdout': join(notes(bundle), 'out'),
      'run.oci.hooks.stderr': join(notes(bundle), 'err'),
    };
    c.process.args = ['/bin/busybox', 'true'];
  },
  drive: async t => {
    const finished = await t.run();
    assert.is(finished.code, 0, finished.stderr);
    assert.is(noted(t, 'out'), 'createRuntime out\nstartContainer out\n');
    assert.is(noted(t, 'err'), 'createRuntime err\nstartContainer err\n');
  },
});

test('hook-output/file-that-cannot-be-opened', {
  config: (c, bundle) => {
    hookNotes(c, bundle, { createRuntime: 'exit 0' });
    c.annotations = { 'run.oci.hooks.stdout': '/nowhere/out' };
  },
  refused: /\/nowhere\/out/,
});

/** What systemd (SIGPIPE) and some callers (SIGCHLD) leave ignored or blocked. */
const signalsOf = (t: Driver, how: 'ignored' | 'blocked', number: number) => ({
  through: [t.programs.outside, 'signals', how, String(number)],
});

for (const [how, number] of [
  ['ignored', 17],
  ['blocked', 17],
  ['ignored', 13],
  ['blocked', 15],
] as const) {
  test(`caller-signals/${number}-${how}-in-a-whole-life`, {
    config: (c, bundle) => {
      const masks = (place: string, name: string) => `grep Sig[IB] /proc/self/status > ${place}/${name}`;
      hookNotes(c, bundle, {
        createRuntime: masks(notes(bundle), 'createRuntime'),
        startContainer: masks('/notes', 'startContainer'),
        poststart: masks(notes(bundle), 'poststart'),
      });
    },
    files: ({ rootfs }) => symlinkSync('busybox', join(rootfs, 'bin/grep')),
    drive: async t => {
      const signals = signalsOf(t, how, number);
      await t.create([], signals);
      assert.is((await t.call('start', [t.id], signals)).code, 0);
      const executed = await t.exec([t.id, '/bin/busybox', 'sh', '-c', 'exit 7'], signals);
      assert.is(executed.code, 7, executed.stderr);
      assert.is((await t.call('delete', ['--force', t.id], signals)).code, 0);
      assert.is.not(noted(t, 'poststop'), '');
      const bit = 1n << BigInt(number - 1);
      for (const kind of ['createRuntime', 'startContainer', 'poststart'] as const)
        for (const [, mask] of noted(t, kind).matchAll(/Sig(?:Ign|Blk):\s*([0-9a-f]+)/g))
          assert.not.ok(BigInt(`0x${mask}`) & bit, `${kind} begins with the signal ${how}`);
    },
  });
  test(`caller-signals/${number}-${how}-in-a-run`, {
    config: c => {
      c.process.args = ['/bin/busybox', 'sh', '-c', 'exit 7'];
    },
    drive: async t => {
      const finished = await t.run([], signalsOf(t, how, number));
      assert.is(finished.code, 7, finished.stderr);
    },
  });
}

test('caller-signals/ignored-hangup-does-not-interrupt', {
  skip: oursAlone,
  config: hangConfig('createRuntime'),
  drive: async t => {
    const running = t.begin('create', createArgs(t), signalsOf(t, 'ignored', 1));
    const child = Number(await untilNoted(t, 'hangs'));
    running.kill('SIGHUP');
    process.kill(child, 'SIGKILL');
    const finished = await running.done;
    assert.is(finished.code, 0, finished.stderr);
  },
});
