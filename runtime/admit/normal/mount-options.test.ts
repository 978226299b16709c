import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MountAttr } from '../../../spec/kernel.js';
import type { PropagationKind } from '../../../spec/normal-mount.js';
import { type MountOptions, parseMountOptions, parsePropagation } from './mount-options.js';

const parse = (...options: readonly string[]): MountOptions => parseMountOptions(options);
const attributes = (...options: readonly string[]): readonly [set: number, clear: number] => {
  const { set, clear } = parse(...options).own;
  return [set, clear];
};

test('every attribute and its negation', () => {
  const rows: readonly (readonly [on: string, off: string, flag: number])[] = [
    ['ro', 'rw', MountAttr.RDONLY],
    ['nosuid', 'suid', MountAttr.NOSUID],
    ['nodev', 'dev', MountAttr.NODEV],
    ['noexec', 'exec', MountAttr.NOEXEC],
    ['nodiratime', 'diratime', MountAttr.NODIRATIME],
    ['nosymfollow', 'symfollow', MountAttr.NOSYMFOLLOW],
  ];
  for (const [on, off, flag] of rows) {
    assert.equal(attributes(on), [flag, 0], on);
    assert.equal(attributes(off), [0, flag], off);
    assert.equal(attributes(on, off), [0, flag], `${on},${off}`);
    assert.equal(attributes(off, on), [flag, 0], `${off},${on}`);
  }
});

test('access times are values of one field, which is cleared as a whole (mount_setattr(2))', () => {
  const rows: readonly (readonly [option: string, value: number])[] = [
    ['noatime', MountAttr.NOATIME],
    ['atime', MountAttr.RELATIME],
    ['relatime', MountAttr.RELATIME],
    ['norelatime', MountAttr.RELATIME],
    ['strictatime', MountAttr.STRICTATIME],
    ['nostrictatime', MountAttr.RELATIME],
  ];
  for (const [option, value] of rows) {
    const [set, clear] = attributes(option);
    assert.is(set, value, option);
    assert.is(clear | value, MountAttr._ATIME, option);
    assert.is(attributes('noatime', option)[0], value, `noatime,${option}`);
    assert.is(attributes('strictatime', option)[0], value, `strictatime,${option}`);
  }
});

test('the access time mode does not touch the other attributes', () => {
  const { set } = parse('ro', 'nodiratime', 'strictatime', 'noatime').own;
  assert.is(set, MountAttr.RDONLY | MountAttr.NODIRATIME | MountAttr.NOATIME);
});

test('r in front: the mount and all below it, apart from the attributes of the mount alone', () => {
  const o = parse('rro', 'rnosuid', 'rsuid', 'rnoatime', 'nodev');
  assert.is(o.recursive.set, MountAttr.RDONLY | MountAttr.NOATIME);
  assert.is(o.recursive.clear & MountAttr.NOSUID, MountAttr.NOSUID);
  assert.is(o.recursive.clear & MountAttr._ATIME, MountAttr._ATIME);
  assert.equal([o.own.set, o.own.clear], [MountAttr.NODEV, 0]);
  assert.is(parse('rrw').recursive.clear, MountAttr.RDONLY);
});

test('words that begin with r are not taken apart', () => {
  assert.equal(attributes('relatime'), [0, MountAttr._ATIME]);
  assert.equal(parse('rw').recursive.clear, 0);
});

test('propagation: the last one counts', () => {
  const rows: readonly (readonly [string, PropagationKind, boolean])[] = [
    ['shared', 'shared', false],
    ['rshared', 'shared', true],
    ['slave', 'slave', false],
    ['rslave', 'slave', true],
    ['private', 'private', false],
    ['rprivate', 'private', true],
    ['unbindable', 'unbindable', false],
    ['runbindable', 'unbindable', true],
  ];
  for (const [option, kind, recursive] of rows) {
    const o = parse('rshared', option);
    assert.equal(o.propagation, { kind, recursive }, option);
    assert.equal(parsePropagation(option), o.propagation, option);
    assert.equal(o.data, []);
  }
  assert.is(parse('ro').propagation, null);
  assert.is(parsePropagation('rrshared'), null);
});

test('bind and rbind', () => {
  assert.is(parse('bind').below, false);
  assert.is(parse('rbind').below, true);
  assert.is(parse('rbind', 'bind').below, true);
  assert.equal(parse('bind', 'remount'), parse());
});

test('what the file system is told, in order; a value may hold equal signs', () => {
  const o = parse('mode=755', 'newinstance', 'context="a=b"', 'sync', 'size=');
  assert.equal(o.data, [
    ['mode', '755'],
    ['newinstance', null],
    ['context', '"a=b"'],
    ['sync', null],
    ['size', ''],
  ]);
});

test('what has no effect on a bind: data, flags of the superblock and words that nobody knows', () => {
  const { withoutEffectOnBinds } = parse('bind', 'ro', 'size=1', 'sync', 'uid', 'tmpcopyup', 'shared');
  assert.equal(withoutEffectOnBinds, ['size=1', 'sync', 'uid', 'tmpcopyup']);
});

test('what callers write on binds for themselves is not worth a word', () => {
  for (const word of ['nocopy', 'copy', 'U', 'z', 'Z', 'O', 'cached', 'consistency=delegated'])
    assert.equal(parse('bind', word).withoutEffectOnBinds, [], word);
});

test('the same words are for a file system to judge', () => {
  assert.equal(parse('nocopy', 'z').data, [
    ['nocopy', null],
    ['z', null],
  ]);
});

test('options for other programs than the kernel, and defaults, do nothing', () => {
  const nothing = parse();
  const names = ['defaults', 'async', 'nolazytime', 'nomand', 'noiversion', 'loud'];
  assert.equal(parse(...names, ''), nothing);
  const mount8 = [
    'nofail',
    '_netdev',
    'auto',
    'noauto',
    'user',
    'nouser',
    'users',
    'nousers',
    'owner',
    'noowner',
  ];
  const more = [
    'group',
    'nogroup',
    'user=joe',
    'comment',
    'comment=a,b',
    'x-systemd.automount',
    'X-mount.mkdir=1',
  ];
  for (const word of [...mount8, ...more, 'helper=a', 'uhelper=b']) assert.equal(parse(word), nothing, word);
  // Near misses are not for mount(8).
  for (const word of ['auto=1', 'xx', 'commented', 'usersx', 'x'])
    assert.is(parse(word).data.length, 1, word);
});

test('a negated flag of the superblock takes it back', () => {
  for (const [on, off] of [
    ['sync', 'async'],
    ['lazytime', 'nolazytime'],
    ['mand', 'nomand'],
    ['iversion', 'noiversion'],
    ['silent', 'loud'],
  ] as const) {
    assert.equal(parse(on, off).data, [], `${on},${off}`);
    assert.equal(parse(off, on).data, [[on, null]], `${off},${on}`);
  }
});

test('names that every JavaScript object has are nothing special', () => {
  for (const name of ['constructor', 'rconstructor', 'toString', '__proto__'])
    assert.equal(parse(name).withoutEffectOnBinds, [name], name);
});

test('a link is copied rather than bound, in any order', () => {
  assert.equal(parse('bind').links, { source: 'followed', destination: 'followed' });
  assert.equal(parse('src-nofollow', 'dest-nofollow').links, { source: 'itself', destination: 'itself' });
  for (const options of [
    ['copy-symlink', 'src-nofollow'],
    ['src-nofollow', 'copy-symlink'],
  ])
    assert.is(parse(...options).links.source, 'copied');
  assert.equal(parse('copy-symlink', 'dest-nofollow').withoutEffectOnBinds, []);
});

test('tmpcopyup is ours', () => {
  const o = parse('tmpcopyup');
  assert.equal([o.copyUp, o.data], [true, []]);
});

test.run();
