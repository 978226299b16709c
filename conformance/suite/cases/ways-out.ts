/**
 * Links of /proc that lead out of the container (CVE-2024-21626): by a descriptor that the runtime has open, or by a process of the host where pids are shared. What
 * the image decides on is looked up by a process that has given up neither its rights nor its descriptors, unless the runtime takes care.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Config } from '../../harness/config.js';
import { type Driver, test } from '../case.js';

const up = '../'.repeat(12);
const descriptors = Array.from({ length: 40 }, (_, i) => 3 + i);

/** A program of the host in a directory, and a search path that has it once for each descriptor from which it can be reached. */
function hostProgram({ dir, programs }: Pick<Driver, 'programs'> & { readonly dir: string }): string {
  const place = join(dir, 'of-the-host');
  mkdirSync(place, { recursive: true });
  copyFileSync(programs.busybox, join(place, 'chmod'));
  chmodSync(join(place, 'chmod'), 0o755);
  return `PATH=${descriptors.map(fd => `/proc/self/fd/${fd}/${up}${place}`).join(':')}`;
}

function notReached(
  dir: string,
  { code, stderr }: { readonly code: number | null; readonly stderr: string },
) {
  assert.is(statSync(join(dir, 'of-the-host/chmod')).mode & 0o777, 0o755, 'the file of the host');
  assert.is.not(code, 0, stderr);
}

const harmful = ['chmod', '001', '/proc/self/exe'];

test('ways-out/run-finds-no-command-by-a-descriptor', {
  drive: async t => {
    const { dir } = t.bundle;
    t.configure(c => {
      c.process.args = harmful;
      c.process.env = [hostProgram({ dir, programs: t.programs })];
    });
    notReached(dir, await t.run());
  },
});

test('ways-out/exec-finds-no-command-by-a-descriptor', {
  config: c => {
    c.process.args = ['/bin/reporter', 'sleep'];
  },
  drive: async t => {
    await t.create();
    await t.start();
    const { dir } = t.bundle;
    notReached(dir, await t.exec(['--env', hostProgram({ dir, programs: t.programs }), t.id, ...harmful]));
  },
});

test('ways-out/exec-works-in-no-directory-of-the-host', {
  config: c => {
    c.process.args = ['/bin/reporter', 'sleep'];
  },
  drive: async t => {
    await t.create();
    await t.start();
    const all = Array.from({ length: 6 }, () => t.dir);
    const { stdout } = await t.exec(['--cwd', '/proc/self/fd/7', t.id, '/bin/reporter', 'ls', '.'], {
      descriptors: all,
    });
    assert.not.match(stdout, 'bundle', 'a directory of the host was listed');
  },
});

/** A container that sees the host's processes, and whose /dev is the image's. */
function open(c: Config): void {
  c.process.capabilities = {};
  c.process.args = ['/bin/reporter', 'sleep'];
  c.root.readonly = false;
  c.mounts = c.mounts.filter(({ destination }) => !destination.startsWith('/dev'));
  c.linux.namespaces = c.linux.namespaces.filter(({ type }) => type !== 'pid');
}

test('ways-out/dev-becomes-that-of-a-process-of-the-host', {
  config: open,
  drive: async t => {
    await t.create();
    await t.start();
    const node = join(t.bundle.dir, 'host-null');
    execFileSync('mknod', ['-m', '666', node, 'c', '1', '3']);
    t.mount('--bind', node, '/dev/null');
    const before = statSync(node).mode;
    rmSync(join(t.bundle.rootfs, 'dev'), { recursive: true, force: true });
    symlinkSync(`/proc/${process.pid}/root/dev`, join(t.bundle.rootfs, 'dev'));
    await t.exec([t.id, '/bin/sh', '-c', 'busybox chmod 001 /proc/self/fd/0'], { stdin: '/dev/null' });
    assert.is(statSync(node).mode, before);
  },
});

test('ways-out/home-comes-from-no-file-of-the-host', {
  files: ({ dir, rootfs }) => {
    const file = join(dir, 'shadow');
    writeFileSync(file, 'root:secret:1000:::of-the-host:\n', { mode: 0o600 });
    rmSync(join(rootfs, 'etc/passwd'), { force: true });
    symlinkSync(`/proc/${process.pid}/root${file}`, join(rootfs, 'etc/passwd'));
  },
  config: c => {
    open(c);
    c.process.args = ['/bin/reporter', 'report'];
    c.process.user = { uid: 1000, gid: 1000 };
  },
  inside: ({ report }) =>
    assert.is(
      report.env.find(e => e.startsWith('HOME=')),
      'HOME=/',
    ),
});
