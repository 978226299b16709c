/** What is said of a hook that fails, and where the output of hooks goes (docs/compatibility.md, "Hooks"). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { test } from '../case.js';
import { createArgs, createKinds, hookNotes, noted, notes, shell, takenBack } from '../hook-notes.js';

const wordsOfOurs = (runtime: string): string | undefined =>
  runtime.startsWith('chos') ? undefined : 'has words of its own: neither kind nor place, crun no output';

test('hook-words/each-poststop-has-its-own', {
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

/** How long it took, behind how it ended. */
const took = ', after \\d+\\.\\d ms';

for (const kind of ['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart'] as const) {
  test(`hook-words/${kind}`, {
    skip: wordsOfOurs,
    config: (c, bundle) => {
      hookNotes(c, bundle, {});
      const failing = shell('echo to stdout; echo first >&2; echo last words >&2; exit 3');
      c.hooks = { ...c.hooks, [kind]: [shell('exit 0'), failing] };
    },
    drive: async t => {
      const finished = await t.run();
      assert.match(
        finished.stderr,
        new RegExp(
          `${kind} hook #1 /bin/sh ended with exit code 3${took}: first last words \\(config.json:\\d+:\\d+ hooks.${kind}\\[1\\]\\)\\n$`,
        ),
      );
      assert.not.match(finished.stderr, /to stdout|errno|canceled/);
      assert.is(finished.stderr.trim().split('\n').length, 1);
      if (kind !== 'poststart') assert.is(finished.stdout, '');
    },
  });
}

for (const [name, script, more, words] of [
  ['signal', 'kill -SEGV $$', {}, new RegExp(`was killed by signal 11 \\(SIGSEGV\\)${took} \\(config`)],
  ['signal-without-a-name', 'kill -40 $$', {}, new RegExp(`was killed by signal 40${took} \\(config`)],
  ['late', 'sleep 1000', { timeout: 1 }, /took longer than 1 s and was killed, after \d{4,}\.\d ms \(config/],
  ['missing', '', { path: '/nowhere/hook' }, /was not executed: No such file or directory/],
  ['not-executable', '', { path: '/etc/passwd' }, /was not executed: Permission denied/],
  ['directory', '', { path: '/etc' }, /was not executed: Permission denied/],
  [
    'talkative',
    'i=0; while [ $i -lt 3000 ]; do echo line $i >&2; i=$((i+1)); done; exit 1',
    {},
    /exit code 1, after [\d.]+ ms: line 2\d+ line .* line 2999 \(/,
  ],
  [
    'reopened',
    'echo one > /dev/stderr; echo two > /dev/stderr; exit 1',
    {},
    /exit code 1, after [\d.]+ ms: two \(/,
  ],
  [
    'long-characters',
    'i=0; while [ $i -lt 500 ]; do printf "\\342\\202\\254" >&2; i=$((i+1)); done; exit 1',
    {},
    /exit code 1, after [\d.]+ ms: €{333} \(/,
  ],
  ['odd-bytes', "printf 'a\\033[1mb\\377c' >&2; exit 1", {}, /exit code 1, after [\d.]+ ms: a.\[1mb.*c \(/],
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
