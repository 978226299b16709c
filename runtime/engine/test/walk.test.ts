import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as o from '../../program/operand.js';
import * as s from '../../program/step.js';
import { type Call, native, results, scratch } from './engine.js';

const AT_FDCWD = -100;
const O_PATH = 0o10000000;
const n = (initial = 0) => o.slot('n', initial);
const isRoot = process.getuid?.() === 0;
const asRoot = native && isRoot ? test : test.skip;
const only = native ? test : test.skip;

let count = 0;
function directory(): string {
  const path = join(scratch, `walk-${count++}`);
  mkdirSync(path);
  return path;
}

function copy(from: string, to: string, call: Call = {}): string {
  const [a, b] = [n(), n()] as const;
  return results(
    [
      s.sys('umask', [0o077]),
      s.sys('openat', [AT_FDCWD, o.text(from), O_PATH, 0], { to: a }),
      s.sys('openat', [AT_FDCWD, o.text(to), O_PATH, 0], { to: b }),
      s.walk('COPY', [a, 0, b, 0]),
    ],
    [],
    {},
    call,
  );
}

asRoot('COPY copies everything that a directory can hold', () => {
  const from = directory();
  const to = directory();
  mkdirSync(join(from, 'sub/deep'), { recursive: true });
  writeFileSync(join(from, 'sub/file'), 'x'.repeat(100_000));
  chmodSync(join(from, 'sub/file'), 0o4751);
  chownSync(join(from, 'sub/file'), 12, 34);
  chmodSync(join(from, 'sub/file'), 0o4751);
  symlinkSync('/nowhere', join(from, 'link'));
  spawnSync('mknod', [join(from, 'null'), 'c', '1', '3']);
  spawnSync('mkfifo', ['-m', '0640', join(from, 'fifo')]);
  const attributes = spawnSync('setcap', ['cap_net_raw+ep', join(from, 'sub/file')]).status === 0;
  for (let i = 0; i < 300; i++) writeFileSync(join(from, 'sub', `a-rather-long-file-name-${i}`), `${i}`);
  for (let i = 0; i < 60; i++) mkdirSync(join(from, 'sub', `directory-${i}`, 'x'), { recursive: true });
  chmodSync(join(from, 'sub/deep'), 0o1777);
  utimesSync(join(from, 'sub/file'), 1000, 2000);
  utimesSync(join(from, 'sub'), 3000, 4000);
  chmodSync(from, 0o711);
  assert.is(copy(from, to), '');
  const file = lstatSync(join(to, 'sub/file'));
  assert.equal([file.mode & 0o7777, file.uid, file.gid, file.mtimeMs], [0o4751, 12, 34, 2_000_000]);
  assert.is(readFileSync(join(to, 'sub/file'), 'utf8').length, 100_000);
  assert.is(readlinkSync(join(to, 'link')), '/nowhere');
  const device = lstatSync(join(to, 'null'));
  assert.ok(device.isCharacterDevice() && device.rdev === lstatSync(join(from, 'null')).rdev);
  assert.is(lstatSync(join(to, 'fifo')).mode, lstatSync(join(from, 'fifo')).mode);
  assert.is(lstatSync(join(to, 'sub/deep')).mode & 0o7777, 0o1777);
  assert.is(lstatSync(join(to, 'sub')).mtimeMs, 4_000_000);
  assert.is(lstatSync(to).mode & 0o7777, 0o711);
  assert.is(readdirSync(join(to, 'sub')).length, 362);
  if (attributes)
    assert.match(spawnSync('getcap', [join(to, 'sub/file')], { encoding: 'utf8' }).stdout, 'cap_net_raw');
});

asRoot('COPY leaves mounts alone', () => {
  const from = directory();
  const to = directory();
  mkdirSync(join(from, 'mounted'));
  writeFileSync(join(from, 'file'), '');
  const inNamespace = `mount -t tmpfs none ${from}/mounted; touch ${from}/mounted/inside; mount --bind /etc/passwd ${from}/file; exec "$@"`;
  assert.is(copy(from, to, { inNamespace }), '');
  assert.equal(readdirSync(to), ['mounted']);
});

only('COPY does not replace files', () => {
  const from = directory();
  const to = directory();
  writeFileSync(join(from, 'file'), 'new');
  writeFileSync(join(to, 'file'), 'old');
  assert.is(copy(from, to), 'chos-runtime: do: File exists');
  assert.is(readFileSync(join(to, 'file'), 'utf8'), 'old');
});

const removeTree = (path: string, call: Call = {}) =>
  results([s.walk('REMOVE_TREE', [AT_FDCWD, o.text(path), 0, 0])], [], {}, call);

only('REMOVE_TREE removes a tree and follows nothing', () => {
  const top = directory();
  const outside = directory();
  writeFileSync(join(outside, 'kept'), '');
  mkdirSync(join(top, 'a/b/c/d'), { recursive: true });
  symlinkSync(outside, join(top, 'a/b/link'));
  for (let i = 0; i < 500; i++) writeFileSync(join(top, 'a/b', `file-with-some-name-${i}`), '');
  for (let i = 0; i < 50; i++) mkdirSync(join(top, 'a', `d${i}`, 'e', 'f'), { recursive: true });
  assert.is(removeTree(join(top, 'a')), '');
  assert.not.ok(existsSync(join(top, 'a')));
  assert.ok(existsSync(join(outside, 'kept')));
  assert.is(removeTree(join(top, 'a')), '');
  writeFileSync(join(top, 'file'), '');
  assert.is(removeTree(join(top, 'file')), '');
  symlinkSync(outside, join(top, 'link'));
  assert.is(removeTree(join(top, 'link')), '');
  assert.ok(existsSync(join(outside, 'kept')));
  assert.is(removeTree(join(top, 'nowhere/x')), '');
});

only('REMOVE_TREE removes what is deeper than it could hold descriptors for', () => {
  const top = directory();
  mkdirSync(join(top, 'a', 'd/'.repeat(1700)), { recursive: true });
  writeFileSync(join(top, 'a', 'd/'.repeat(1700), 'file'), '');
  mkdirSync(join(top, 'a', 'd/'.repeat(900), 'e', 'd/'.repeat(700)), { recursive: true });
  assert.is(removeTree(join(top, 'a')), '');
  assert.equal(readdirSync(top), []);
});

asRoot('REMOVE_TREE stops at mounts', () => {
  const top = directory();
  mkdirSync(join(top, 'a/mounted'), { recursive: true });
  const inNamespace = `mount -t tmpfs none ${top}/a/mounted; touch ${top}/a/mounted/inside; exec "$@"`;
  assert.is(removeTree(join(top, 'a'), { inNamespace }), 'chos-runtime: do: Device or resource busy');
  assert.ok(existsSync(join(top, 'a/mounted')));
});

/** A new cgroup, in whatever hierarchy the machine has; null where none can be made. */
function cgroup(): string | null {
  for (const base of ['/sys/fs/cgroup/pids', '/sys/fs/cgroup/unified', '/sys/fs/cgroup']) {
    const path = join(base, `chos-engine-test-${process.pid}-${count++}`);
    try {
      mkdirSync(path);
      if (existsSync(join(path, 'cgroup.procs'))) return path;
      rmdirSync(path);
    } catch {}
  }
  return null;
}

function sleeper(path: string): ChildProcess {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  writeFileSync(join(path, 'cgroup.procs'), `${child.pid}`);
  return child;
}

const removeCgroup = (path: string, milliseconds: number) =>
  results([s.walk('REMOVE_CGROUP', [AT_FDCWD, o.text(path), 0, milliseconds])], []);

asRoot('cgroups are signalled and removed, from below, once they are no longer busy', async () => {
  const path = cgroup();
  if (path === null) return;
  mkdirSync(join(path, 'a/b'), { recursive: true });
  mkdirSync(join(path, 'c'));
  const children = [sleeper(path), sleeper(join(path, 'a/b')), sleeper(join(path, 'a/b'))];
  const ends = Promise.all(children.map(child => once(child, 'exit')));
  try {
    assert.is(removeCgroup(path, 20), 'chos-runtime: do: Device or resource busy');
    assert.equal([existsSync(join(path, 'a/b')), existsSync(join(path, 'c'))], [true, false]);
    const sent = n();
    const signal = (where: string, number: number) =>
      results([s.walk('SIGNAL_CGROUP', [AT_FDCWD, o.text(where), number, 0], { to: sent })], [sent]);
    assert.is(signal(join(path, 'a'), 0), '2');
    assert.is(signal(path, 15), '3');
    assert.is(signal(`${path}/nowhere`, 15), '0');
  } finally {
    for (const child of children) child.kill('SIGKILL');
  }
  assert.equal(
    (await ends).map(([, signal]) => signal),
    ['SIGTERM', 'SIGTERM', 'SIGTERM'],
  );
  assert.is(removeCgroup(path, 5000), '');
  assert.not.ok(existsSync(path));
  assert.is(removeCgroup(path, 0), '');
});

asRoot('cgroups of any depth are counted, signalled and removed', async () => {
  const path = cgroup();
  if (path === null) return;
  // More than the 1,024 descriptors that a caller usually allows, and two branches.
  const deepest = join(path, 'd/'.repeat(1100));
  const branch = join(path, 'd/'.repeat(500), 'e', 'f');
  mkdirSync(deepest, { recursive: true });
  mkdirSync(branch, { recursive: true });
  for (let i = 0; i < 200; i++) mkdirSync(join(path, 'd/'.repeat(500), `beside-${i}`));
  const children = [sleeper(deepest), sleeper(branch), sleeper(path)];
  const ends = Promise.all(children.map(child => once(child, 'exit')));
  const sent = n();
  try {
    const walk = s.walk('SIGNAL_CGROUP', [AT_FDCWD, o.text(path), 15, 0], { to: sent });
    assert.is(results([walk], [sent]), '3');
  } finally {
    for (const child of children) child.kill('SIGKILL');
  }
  assert.equal(
    (await ends).map(([, signal]) => signal),
    ['SIGTERM', 'SIGTERM', 'SIGTERM'],
  );
  assert.is(removeCgroup(path, 5000), '');
  assert.not.ok(existsSync(path));
});

/** A new cgroup that can be frozen, with the file and its two values. */
function freezer(): { path: string; file: string; frozen: string; thawed: string } | null {
  for (const [base, file, frozen, thawed] of [
    ['/sys/fs/cgroup/freezer', 'freezer.state', 'FROZEN', 'THAWED'],
    ['/sys/fs/cgroup', 'cgroup.freeze', '1', '0'],
  ] as const) {
    const path = join(base, `chos-engine-test-${process.pid}-${count++}`);
    try {
      mkdirSync(join(path, 'a/b'), { recursive: true });
      if (existsSync(join(path, file))) return { path, file, frozen, thawed };
      for (const below of ['a/b', 'a', '']) rmdirSync(join(path, below));
    } catch {}
  }
  return null;
}

asRoot('THAW_CGROUP thaws what is below, too', () => {
  const group = freezer();
  if (group === null) return;
  const { path, file, frozen, thawed } = group;
  const all = ['', 'a', 'a/b'].map(below => join(path, below, file));
  for (const one of [all[0], all[2]]) writeFileSync(one ?? '', frozen);
  const thaw = (where: string) => results([s.walk('THAW_CGROUP', [AT_FDCWD, o.text(where), 0, 0])], []);
  assert.is(thaw(path), '');
  assert.equal(
    all.map(one => readFileSync(one, 'utf8').trim()),
    [thawed, thawed, thawed],
  );
  assert.is(thaw(`${path}/nowhere`), '');
  assert.is(removeCgroup(path, 0), '');
});

test.run();
