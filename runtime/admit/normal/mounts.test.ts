import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Mount } from '../../../spec/generated/config.js';
import { MountAttr } from '../../../spec/kernel.js';
import type { BindMount, FilesystemMount, NormalMount, Remount } from '../../../spec/normal-mount.js';
import { mountKind, normalMount } from './mounts.js';

const entry = (type: string | undefined, ...options: readonly string[]): Mount => ({
  destination: '/d',
  source: '/s',
  ...(type === undefined ? {} : { type }),
  options,
});

function made<Kind extends NormalMount['kind']>(
  kind: Kind,
  mount: Partial<Mount>,
): Extract<NormalMount, { readonly kind: Kind }> {
  const normal = normalMount({ destination: '/d', source: '/s', ...mount });
  assert.is(normal.kind, kind);
  return normal as Extract<NormalMount, { readonly kind: Kind }>;
}
const bind = (mount: Partial<Mount>): BindMount => made('bind', mount);
const remount = (mount: Partial<Mount>): Remount => made('remount', mount);
const filesystem = (mount: Partial<Mount>): FilesystemMount => made('filesystem', mount);

test('what an entry is: wherever its type and its options could be taken for different things', () => {
  const rows: readonly (readonly [Mount, NormalMount['kind']])[] = [
    [entry('bind'), 'bind'],
    [entry('bind', 'ro'), 'bind'],
    [entry(undefined, 'bind'), 'bind'],
    [entry('none', 'bind'), 'bind'],
    [entry('none', 'rbind'), 'bind'],
    [entry('', 'rbind'), 'bind'],
    [entry('tmpfs', 'rbind'), 'bind'],
    [entry('proc', 'bind'), 'bind'],
    [entry('cgroup', 'bind'), 'bind'],
    [entry('bind', 'remount'), 'remount'],
    [entry('bind', 'bind', 'remount', 'ro'), 'remount'],
    [entry('none', 'remount'), 'remount'],
    [entry('tmpfs', 'remount', 'size=1'), 'remount'],
    [entry('cgroup', 'remount'), 'remount'],
    [entry('cgroup'), 'cgroup'],
    [entry('cgroup2', 'ro'), 'cgroup'],
    [entry('tmpfs'), 'filesystem'],
    [entry('none', 'rprivate'), 'filesystem'],
    [entry(undefined, 'rshared'), 'filesystem'],
    // Only the words themselves.
    [entry('tmpfs', 'binds', 'bind=1', 'rremount'), 'filesystem'],
  ];
  for (const [mount, kind] of rows) {
    assert.is(mountKind(mount), kind, JSON.stringify(mount));
    assert.is(normalMount(mount).kind, kind, JSON.stringify(mount));
  }
});

test('only rbind takes what is below the source', () => {
  assert.is(bind({ type: 'bind' }).below, false);
  assert.is(bind({ options: ['bind'] }).below, false);
  assert.is(bind({ options: ['rbind'] }).below, true);
  assert.is(bind({ type: 'bind', options: ['rbind'] }).below, true);
});

test('a remount of a bind is about the mount alone', () => {
  assert.is(remount({ options: ['bind', 'remount', 'ro'] }).bind, true);
  assert.is(remount({ type: 'bind', options: ['remount'] }).bind, true);
  assert.is(remount({ type: 'tmpfs', options: ['remount', 'size=1'] }).bind, false);
  assert.equal(remount({ options: ['remount', 'ro'] }).own, { set: MountAttr.RDONLY, clear: 0 });
});

test('a place without dots beside the destination as it is written', () => {
  const { destination, place } = bind({ destination: 'a/./b/..//c', options: ['bind'] });
  assert.equal([destination, place], ['/a/./b/..//c', '/a/c']);
});

test('a file system without a type is none, and its source is its type', () => {
  assert.equal([filesystem({ options: ['private'] }).type, filesystem({ type: '' }).type], ['none', 'none']);
  const { source } = normalMount({ destination: '/t', type: 'tmpfs' }) as FilesystemMount;
  assert.is(source, 'tmpfs');
  assert.is(filesystem({ type: 'ext4', source: '/dev/sda1' }).source, '/dev/sda1');
});

test('a tmpfs takes the mode of what it covers, unless it names one', () => {
  const inherits = (type: string, ...options: readonly string[]) => filesystem({ type, options }).inherits;
  assert.equal(inherits('tmpfs'), { content: false, mode: null, uid: 0, gid: 0 });
  assert.is(inherits('tmpfs', 'mode=755'), null);
  assert.is(inherits('ramfs'), null);
});

test('tmpcopyup takes what is in it, and the mode and owner that are named', () => {
  const inherits = (...options: readonly string[]) =>
    filesystem({ type: 'tmpfs', options: ['tmpcopyup', ...options] }).inherits;
  assert.equal(inherits(), { content: true, mode: null, uid: 0, gid: 0 });
  assert.equal(inherits('mode=1777', 'uid=7', 'gid=0x10'), {
    content: true,
    mode: 0o1777,
    uid: 7,
    gid: 16,
  });
  assert.is(inherits('mode=700', 'mode=755')?.mode, 0o755);
  // The file system will say what is wrong with it.
  assert.is(inherits('mode=rwx')?.mode, null);
  assert.is(inherits('uid=joe')?.uid, 0);
});

test('labels come without the quotes that mount(2) wants around commas', () => {
  assert.equal(filesystem({ type: 'tmpfs', options: ['context="a,b"', 'x="y"'] }).data, [
    ['context', 'a,b'],
    ['x', '"y"'],
  ]);
});

test.run();
