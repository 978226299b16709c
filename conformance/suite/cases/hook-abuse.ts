/** Hooks that flood, close their streams, do not read, or kill whom they meet: the container starts or the launch fails, and nothing is left. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Bundle } from '../../harness/bundle.js';
import type { Config, Hook, HookKind } from '../../harness/config.js';
import { test } from '../case.js';
import {
  createArgs,
  hookNotes,
  insideShell,
  noted,
  notes,
  oursAlone,
  shell,
  takenBack,
} from '../hook-notes.js';

/** 1 MiB and a little, of what every shell has within. */
const line = 'x=$(printf %1023s)';
const megabyte = `i=0; while [ $i -lt 1025 ]; do echo "$x"; i=$((i+1)); done`;
const endless = 'while :; do echo "$x"; done';

const once =
  (kind: HookKind, hook: (bundle: Bundle) => string | Hook) =>
  (c: Config, bundle: Bundle): void => {
    hookNotes(c, bundle, { [kind]: hook(bundle) });
    c.process.args = ['/bin/busybox', 'true'];
  };

const kinds = [
  'prestart',
  'createRuntime',
  'createContainer',
  'startContainer',
  'poststart',
  'poststop',
] as const;
const streams = [
  ['stdout', 1],
  ['stderr', 2],
] as const;

for (const [stream, fd] of streams) {
  for (const kind of kinds)
    test(`hook-abuse/1-MiB-on-${stream}-of-${kind}`, {
      config: once(kind, () => `${line}; { ${megabyte}; } >&${fd}`),
      drive: async t => {
        const finished = await t.run();
        assert.is(finished.code, 0, finished.stderr);
        assert.ok(finished.stderr.length < 4096, `${finished.stderr.length} bytes on our stderr`);
      },
    });
  for (const kind of ['createRuntime', 'startContainer'] as const)
    test(`hook-abuse/endless-${stream}-of-${kind}`, {
      skip: oursAlone,
      config: once(kind, () => shell(`${line}; { ${endless}; } >&${fd}`, { timeout: 1 })),
      files: insideShell,
      drive: async t => {
        const finished = await t.run();
        await takenBack(t, finished);
        assert.match(finished.stderr, `${kind} hook #0 /bin/sh took longer than 1 s and was killed, after `);
        assert.ok(finished.stderr.length < 4096, `${finished.stderr.length} bytes on our stderr`);
      },
    });
}

for (const kind of ['createRuntime', 'createContainer', 'poststart'] as const)
  for (const code of [0, 3])
    test(`hook-abuse/${kind}-closes-its-streams-and-ends-with-${code}`, {
      config: once(kind, b => `exec <&- >&- 2>&-; echo on >${notes(b)}/went; exit ${code}`),
      drive: async t => {
        const finished = await t.run();
        assert.is(noted(t, 'went'), 'on\n');
        assert.is(finished.code === 0, code === 0, finished.stderr);
      },
    });

test('hook-abuse/closed-streams-are-waited-for-no-longer-than-its-timeout', {
  skip: oursAlone,
  config: once('createRuntime', () => shell('exec <&- >&- 2>&-; exec sleep 1000', { timeout: 1 })),
  drive: async t => {
    const finished = await t.run();
    await takenBack(t, finished);
    assert.match(
      finished.stderr,
      'createRuntime hook #0 /bin/sh took longer than 1 s and was killed, after ',
    );
  },
});

/** Larger than a pipe holds, and with what JSON has to escape. */
const long = `first\nsecond\t"third"\\${'y'.repeat(64 * 1024)}`;

test('hook-abuse/long-annotations-with-newlines', {
  config: (c, bundle) => {
    once('createRuntime', b => ({ path: '/bin/sh', args: ['sh', '-c', `cat >${notes(b)}/state`] }))(
      c,
      bundle,
    );
    c.annotations = { 'org.example.long': long, 'org.example.\nkey': 'v' };
    c.hooks = { ...c.hooks, poststop: [] };
  },
  drive: async t => {
    const finished = await t.run();
    assert.is(finished.code, 0, finished.stderr);
    const { annotations } = JSON.parse(noted(t, 'state'));
    assert.is(annotations['org.example.long'], long);
    assert.is(annotations['org.example.\nkey'], 'v');
  },
});

test('hook-abuse/long-state-that-is-not-read', {
  config: (c, bundle) => {
    once('createRuntime', () => ({ path: '/bin/sh', args: ['sh', '-c', 'exec <&-; exit 0'] }))(c, bundle);
    c.annotations = { 'org.example.long': long };
  },
  drive: async t => {
    const finished = await t.run();
    assert.is(finished.code, 0, finished.stderr);
  },
});

/** Reads the state whole, as it may be written over many lines. */
const killing = (script: string): Hook => ({
  path: '/bin/sh',
  args: ['sh', '-c', `state=$(cat); ${script}`],
  env: ['PATH=/usr/bin:/bin'],
});

for (const kind of ['prestart', 'createRuntime', 'poststart', 'poststop'] as const)
  test(`hook-abuse/${kind}-kills-the-runtime`, {
    skip: oursAlone,
    config: once(kind, b => killing(`[ -e ${notes(b)}/once ] || { : >${notes(b)}/once; kill -9 $PPID; }`)),
    drive: async t => {
      const finished = await t.run();
      assert.is.not(finished.code, 0);
      assert.is(finished.stderr, '');
      assert.ok(existsSync(join(notes(t.bundle), 'once')));
      const deleted = await t.call('delete', ['--force', t.id]);
      assert.is(deleted.code, 0, deleted.stderr);
      assert.is.not((await t.call('state', [t.id])).code, 0);
    },
  });

for (const kind of ['prestart', 'createRuntime'] as const)
  test(`hook-abuse/${kind}-kills-init`, {
    config: once(kind, () =>
      killing(`kill -9 "$(echo "$state" | sed -n 's/.*"pid": *\\([0-9]*\\).*/\\1/p')"`),
    ),
    drive: async t => {
      const finished = await t.call('create', createArgs(t));
      assert.is.not(finished.code, 0);
      assert.not.ok(finished.timedOut);
      assert.is.not((await t.call('state', [t.id])).code, 0, 'the container is still there');
      if (!t.runtime.name.startsWith('chos')) return;
      await takenBack(t, finished);
      assert.match(
        finished.stderr,
        new RegExp(
          `init ended before the container was ready \\(killed\\?\\), after ${kind} hook #0 /bin/sh \\(config.json:\\d+:\\d+ hooks.${kind}\\[0\\]\\)`,
        ),
      );
    },
  });
