/** What a compiler has looked at, looked at again (spec/looks.ts): a program is used while the same is found, and not otherwise. */
import {
  chmodSync,
  chownSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Looks } from '../../host/looks.js';
import { left, newRoot, start } from './starting.js';

const isRoot = process.geteuid?.() === 0;

type Change = () => void;

/** After each change the program that was left is used, or is not. */
function check(
  look: (looks: Looks) => void,
  changes: Readonly<Record<string, Change | readonly [Change, boolean]>>,
): void {
  const root = newRoot();
  const kept = start(root, 'first', { looks: look });
  assert.match(kept, /^first /);
  assert.is(left(root).length, 1);
  assert.match(start(root, 'x', { looks: null }), /^first /, 'unchanged');
  for (const [name, change] of Object.entries(changes)) {
    const [make, used] = typeof change === 'function' ? [change, false] : change;
    make();
    assert.match(start(root, 'asked', { looks: null }), used ? /^first / : /^asked /, name);
  }
}

const used = (change: Change): readonly [Change, boolean] => [change, true];

test('the text of a file', () => {
  const file = join(newRoot(), 'file');
  const long = 'x'.repeat(40_000);
  for (const text of ['a\n', '', long]) {
    const write =
      (other: string): Change =>
      () =>
        writeFileSync(file, other);
    write(text)();
    check(looks => looks.text(file, text), {
      'a letter more': write(`${text}b`),
      back: used(write(text)),
      ...(text === '' ? {} : { 'a letter less': write(text.slice(1)), another: write(`${text.slice(1)}-`) }),
      none: () => unlinkSync(file),
      'back again': used(write(text)),
      'a directory': () => {
        unlinkSync(file);
        mkdirSync(file);
      },
    });
    rmSync(file, { recursive: true });
  }
  check(looks => looks.text(file, null), {
    'there is one': () => writeFileSync(file, ''),
    'none again': used(() => unlinkSync(file)),
    'a link to itself': () => symlinkSync(file, file),
  });
});

test('the file system at a path', () => {
  check(looks => looks.magic('/proc', 0x9fa0), { same: used(() => undefined) });
  const root = newRoot();
  assert.match(start(root, 'first', { looks: looks => looks.magic('/proc', 0x9fa1) }), /^first/);
  assert.match(start(root, 'second', { looks: looks => looks.magic('/proc', null) }), /^second/);
  assert.match(start(root, 'third', { looks: looks => looks.magic(join(root, 'none'), null) }), /^third/);
  assert.match(start(root, 'x'), /^third/);
  mkdirSync(join(root, 'none'));
  assert.match(start(root, 'fourth', { looks: looks => looks.magic(join(root, 'none'), 1) }), /^fourth/);
});

test('a file of the registry', () => {
  if (!isRoot) return;
  const file = join(newRoot(), 'file');
  const write =
    (text: string): Change =>
    () =>
      writeFileSync(file, text, { mode: 0o644 });
  write('{}')();
  check(looks => looks.trusted(file, Buffer.from('{}')), {
    'another text': write('[]'),
    back: used(write('{}')),
    'which others can write': () => chmodSync(file, 0o646),
    'again not': used(() => chmodSync(file, 0o600)),
    "another user's": () => chownSync(file, 1, 0),
    "root's": used(() => chownSync(file, 0, 0)),
    'behind a link': used(() => {
      renameSync(file, `${file}-2`);
      symlinkSync(`${file}-2`, file);
    }),
    none: () => unlinkSync(file),
  });
  check(looks => looks.trusted(file, null), {
    'there is one': write(''),
    'none again': used(() => unlinkSync(file)),
    'a link that leads nowhere': () => symlinkSync('/nowhere', file),
  });
  unlinkSync(file);
  write('{}')();
  chownSync(file, 1, 1);
  check(looks => looks.untrusted(file, false), {
    'with another text': used(write('[]')),
    'which counts': () => chownSync(file, 0, 0),
    'which others can write': used(() => chmodSync(file, 0o622)),
    none: () => unlinkSync(file),
  });
});

test('the names in the directory of the registry', () => {
  if (!isRoot) return;
  const directory = join(newRoot(), 'directory');
  const write =
    (name: string): Change =>
    () =>
      writeFileSync(join(directory, name), '');
  const remove =
    (name: string): Change =>
    () =>
      unlinkSync(join(directory, name));
  mkdirSync(directory);
  const files = ['a.json', 'b.json'];
  for (const name of files) write(name)();
  check(looks => looks.files(directory, files), {
    'what does not count': used(() => {
      for (const name of ['c.json~', '.d.json', 'json', 'e.jsn']) write(name)();
    }),
    'one more': write('c.json'),
    'not any more': used(remove('c.json')),
    'a suffix alone is hidden': used(write('.json')),
    'one less': remove('b.json'),
    'another one': write('bb.json'),
    'both again': used(() => renameSync(join(directory, 'bb.json'), join(directory, 'b.json'))),
    'which others can write': () => chmodSync(directory, 0o757),
    'again not': used(() => chmodSync(directory, 0o755)),
    none: () => rmSync(directory, { recursive: true }),
  });
  check(looks => looks.files(directory, []), {
    'an empty one': used(() => mkdirSync(directory)),
    'with one': write('a.json'),
  });
  const many = Array.from({ length: 500 }, (_, i) => `${'n'.repeat(100)}${i}.json`);
  unlinkSync(join(directory, 'a.json'));
  for (const name of many) write(name)();
  check(looks => looks.files(directory, many), { 'one less': remove(many[250] ?? '') });
  chownSync(directory, 1, 1);
  check(looks => looks.untrusted(directory, true), {
    'with others in it': used(write('a.json')),
    'which counts': () => chownSync(directory, 0, 0),
    none: () => rmSync(directory, { recursive: true }),
  });
});

test('the names in a directory that anybody may write', () => {
  const directory = join(newRoot(), 'directory');
  const write =
    (name: string): Change =>
    () =>
      writeFileSync(join(directory, name), '');
  check(looks => looks.names(directory, null), {
    'an empty one': () => mkdirSync(directory, { mode: 0o777 }),
    'none again': used(() => rmSync(directory, { recursive: true })),
    'a file': write('../directory'),
  });
  unlinkSync(directory);
  mkdirSync(directory);
  check(looks => looks.names(directory, []), {
    'what does not count': used(write('a.txt')),
    'which others can write': used(() => chmodSync(directory, 0o777)),
    'with one': write('a.json'),
    'another one': () => renameSync(join(directory, 'a.json'), join(directory, 'b.json')),
    none: () => rmSync(directory, { recursive: true }),
  });
  mkdirSync(directory);
  write('a.json')();
  check(looks => looks.names(directory, ['a.json']), {
    'one more': write('b.json'),
    'again alone': used(() => unlinkSync(join(directory, 'b.json'))),
    'an empty one': () => unlinkSync(join(directory, 'a.json')),
  });
});

test('the way to the program of a hook', () => {
  if (!isRoot) return;
  const directory = join(newRoot(), 'directory');
  const file = join(directory, 'hook');
  mkdirSync(directory, { mode: 0o755 });
  writeFileSync(file, '', { mode: 0o755 });
  const link = join(directory, 'link');
  check(looks => looks.way(file), {
    'anybody may write it': () => chmodSync(file, 0o757),
    'its group may, which is of root': used(() => chmodSync(file, 0o775)),
    'its group may, which is another': () => chownSync(file, 0, 7),
    'its group may not': used(() => chmodSync(file, 0o755)),
    "another user's": () => chownSync(file, 1, 0),
    "root's": used(() => chownSync(file, 0, 0)),
    'anybody may write the directory': () => chmodSync(directory, 0o757),
    'where nobody can replace it': used(() => chmodSync(directory, 0o1757)),
    "another user's directory": () => chownSync(directory, 1, 0),
    "root's directory": used(() => chownSync(directory, 0, 0)),
    'a link': used(() => {
      renameSync(file, link);
      symlinkSync('link', file);
    }),
    'a link to what others may write': () => chmodSync(link, 0o757),
    nothing: used(() => unlinkSync(file)),
  });
  // The kernel follows it; the engine has no room for as much.
  const far = (to: string): string => `${to}/${'./'.repeat(2035)}`;
  symlinkSync(far('link'), join(directory, 'a'));
  symlinkSync(far('a'), join(directory, 'b'));
  symlinkSync(far('b'), join(directory, 'c'));
  unlinkSync(link);
  mkdirSync(link);
  writeFileSync(join(link, 'hook'), '');
  const [root, end] = [newRoot(), join(directory, 'c', 'hook')];
  assert.match(start(root, 'first', { looks: looks => looks.way(end) }), /^first /);
  assert.match(start(root, 'asked', { looks: null }), /^asked /);
});

test('two paths that do not lead to one directory', () => {
  const root = newRoot();
  const [one, other] = [join(root, 'one'), join(root, 'other')];
  const make = (): void => {
    mkdirSync(one);
    mkdirSync(other);
  };
  make();
  check(looks => looks.apart(one, other), {
    'a link to it': () => {
      rmSync(one, { recursive: true });
      symlinkSync(other, one);
    },
    'none of them': used(() => rmSync(other, { recursive: true })),
    files: used(() => {
      unlinkSync(one);
      writeFileSync(one, '');
      symlinkSync(one, other);
    }),
    'the same name': used(() => {
      unlinkSync(other);
      unlinkSync(one);
      make();
    }),
  });
  check(looks => looks.apart(one, join(root, 'third')), {
    'the other one is a link': () => symlinkSync('one', join(root, 'third')),
  });
});

test('mounts of cgroups', () => {
  const file = join(newRoot(), 'mountinfo');
  const cgroup = (name: string): string =>
    `30 23 0:26 / /sys/fs/cgroup/${name} rw - cgroup cgroup rw,${name}\n`;
  const other = (length: number): string => `31 23 0:27 / /mnt/${'x'.repeat(length)} rw - tmpfs tmpfs rw\n`;
  const text = `${other(3)}${cgroup('cpu')}${other(9)}${cgroup('memory')}`;
  const write =
    (changed: string): Change =>
    () =>
      writeFileSync(file, changed);
  write(text)();
  check(looks => looks.cgroupMounts(file, text), {
    'others more': used(write(`${other(1).repeat(600)}${text}${other(7).repeat(600)}`)),
    'others less': used(write(`${cgroup('cpu')}${cgroup('memory')}`)),
    'one less': write(cgroup('cpu')),
    'another order': write(`${cgroup('memory')}${cgroup('cpu')}`),
    'one more': write(`${text}${cgroup('pids')}`),
    'another one': write(text.replace('memory', 'nemory')),
    back: used(write(text)),
    'without its end': write(text.slice(0, -1)),
    none: () => unlinkSync(file),
  });
  write(other(5))();
  check(looks => looks.cgroupMounts(file, other(5)), { 'there is one': write(cgroup('cpu')) });
});

test('what access(2) says', () => {
  const file = join(newRoot(), 'file');
  check(looks => looks.access(file, 0, false), { 'there is one': () => writeFileSync(file, '') });
  check(looks => looks.access(file, 0, true), { none: () => unlinkSync(file) });
  writeFileSync(file, '', { mode: 0o644 });
  check(looks => looks.access(file, 1, false), { 'may be executed': () => chmodSync(file, 0o755) });
});

test('in paths names count as elsewhere', () => {
  const root = newRoot();
  const [one, other] = ['6b86b273ff34', 'd4735e3a265e'];
  const files = [one, other].map(name => join(root, `file-${name}`));
  for (const file of files) writeFileSync(file, 'same');
  const look = (looks: Looks): void => looks.text(files[0] ?? '', 'same');
  assert.match(start(root, 'first', { config: one, looks: look }), /^first /);
  assert.match(start(root, 'x', { config: other }), /^first /);
  writeFileSync(files[1] ?? '', 'else');
  assert.match(start(root, 'asked', { config: other, looks: null }), /^asked /);
  assert.match(start(root, 'x', { config: one }), /^first /);
});

test('where what was looked at holds a name by itself, it counts for what it is', () => {
  const root = newRoot();
  const [one, other, third] = ['6b86b273ff34', 'd4735e3a265e', '4e07408562be'];
  const file = join(root, 'file');
  writeFileSync(file, `of ${other}`);
  const look = (looks: Looks): void => looks.text(file, `of ${other}`);
  assert.match(start(root, 'first', { config: `${one} ${one}`, looks: look }), /^first /);
  assert.match(start(root, 'x', { config: `${third} ${third}` }), /^first /);
  assert.match(start(root, 'asked', { config: `${other} ${other}`, looks: null }), /^asked /);
  assert.match(start(root, 'x', { config: `${one} ${one}` }), /^first /);
  assert.match(start(root, 'second', { config: `${other} ${third} ${other}`, looks: look }), /^second /);
  assert.match(start(root, 'asked', { config: `${third} ${other} ${third}`, looks: null }), /^asked /);
});

test('looks that make no sense', () => {
  const look = Buffer.alloc(32);
  const fields = (...numbers: readonly number[]): Buffer => {
    const bytes = Buffer.from(look);
    for (const [i, number] of numbers.entries()) bytes.writeInt32LE(number, 4 * i);
    return bytes;
  };
  const senseless = {
    'another kind': fields(99, 0, 1, -1),
    'no path': fields(1, 0, 0, -1),
    'a path without an end': Buffer.concat([fields(1, 0, 16, -1).subarray(0, 16), Buffer.alloc(16, 'x')]),
    'a path beyond the end': fields(1, 0, 17, -1),
    'a path far beyond the end': fields(1, 0, -1, -1),
    'found beyond the end': fields(1, 0, 1, 16),
    'found far beyond the end': fields(1, 0, 1, 0x7fffffff),
    'half a look': look.subarray(0, 8),
  };
  for (const [name, bytes] of Object.entries(senseless)) {
    const root = newRoot();
    for (const time of ['first', 'second'])
      assert.match(start(root, time, { bytes }), new RegExp(`^${time} `), name);
  }
});

test.run();
