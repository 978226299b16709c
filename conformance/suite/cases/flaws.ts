/** Flaws that other runtimes had, each with a case that fails where the defence is missing; `conformance/requirements/flaws.ts` has the whole list. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Config } from '../../harness/config.js';
import { test } from '../case.js';

function sleeping(c: Config): void {
  c.process.args = ['/bin/reporter', 'sleep'];
}

test('flaws/exe-of-init-is-not-the-runtime', {
  // CVE-2019-5736: who gets at /proc/PID/exe of what comes in from outside could write over the runtime.
  config: sleeping,
  drive: async t => {
    const { pid } = await t.create();
    const { ctimeMs, mode } = statSync(t.runtime.path);
    try {
      // The mode that it has: harmless where it arrives, and seen by the time of the change.
      chmodSync(`/proc/${pid}/exe`, mode & 0o7777);
    } catch {
      // Read-only, which is another way.
    }
    assert.is(statSync(t.runtime.path).ctimeMs, ctimeMs, 'the file of the runtime can be changed');
  },
});

test('flaws/exe-of-exec-is-not-the-runtime', {
  config: sleeping,
  drive: async t => {
    const before = statSync(t.runtime.path);
    const { mode, size, mtimeMs } = before;
    await t.create();
    await t.start();
    await t.exec([t.id, '/proc/self/exe', '--version']);
    const after = statSync(t.runtime.path);
    assert.equal([after.mode, after.size, after.mtimeMs], [mode, size, mtimeMs]);
  },
});

test('flaws/init-cannot-be-looked-into', {
  // CVE-2016-9962: what is not dumpable belongs to root, whoever it runs as, and only root may attach to it.
  as: ['root'],
  config: c => {
    sleeping(c);
    c.process.user = { uid: 1000, gid: 1000 };
  },
  drive: async t => {
    const { pid } = await t.create();
    assert.is(statSync(`/proc/${pid}/fd`).uid, 0);
  },
});

test('flaws/root-cannot-look-into-init', {
  // The same for root inside: it is the same user, with capabilities that are not fewer, and only CAP_SYS_PTRACE looks into what is not dumpable.
  as: ['root'],
  config: sleeping,
  drive: async t => {
    const { pid } = await t.create();
    const without = ['--bounding-set=-sys_ptrace', '--inh-caps=-sys_ptrace', 'readlink', `/proc/${pid}/fd/0`];
    assert.is.not(spawnSync('setpriv', without).status, 0, 'its descriptors can be seen');
  },
});

test('flaws/terminal-that-is-none-is-refused', {
  // CVE-2025-52565: the image answers in the place of its devpts.
  files: ({ rootfs }) => {
    mkdirSync(join(rootfs, 'dev/pts'), { recursive: true });
    for (const name of ['dev/ptmx', 'dev/pts/ptmx', 'dev/console']) writeFileSync(join(rootfs, name), '');
  },
  config: c => {
    c.mounts = c.mounts.filter(({ destination }) => !destination.startsWith('/dev'));
    c.process.terminal = true;
  },
  drive: async t => {
    const finished = await t.run([], { through: [t.programs.outside, 'pty', '25', '80'] });
    assert.is.not(finished.code, 0);
    assert.not.match(finished.stdout, '"probe":"report"');
  },
});

/** CVE-2026-30892: what is no user must not be taken for one, least of all for root. */
for (const [name, user] of Object.entries({
  'a-name': 'alice',
  'a-number-and-more': '1000x',
  'a-group-alone': ':5',
  'a-group-that-is-none': '1000:x',
  'less-than-nothing': '-1',
  'three-numbers': '1000:2:3',
}))
  test(`flaws/exec-as-${name}-is-refused`, {
    config: sleeping,
    drive: async t => {
      await t.create();
      await t.start();
      const finished = await t.exec(['--user', user, t.id, '/bin/reporter', 'report']);
      assert.is.not(finished.code, 0);
      assert.not.match(finished.stdout, '"probe":"report"');
    },
  });
