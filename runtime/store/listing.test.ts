import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { placeIn } from './inside.js';
import { leadsOut, parseLine } from './listing.js';

const entry = (line: string) => {
  const read = parseLine(line);
  return read && [read.type, read.size, read.path];
};

test('a line of each kind', () => {
  assert.equal(entry('-rw-r--r--  0 0      0           1 Jan  1  1970 ../up'), ['-', 1, '../up']);
  assert.equal(entry('drwxrwxrwt+ 0 1000   2000        0 Nov 27 22:40 ./tmp/'), ['d', 0, 'tmp']);
  assert.equal(entry('lrw-r--r--  0 0      0           0 Jan  1  1970 l -> /etc/x'), ['l', 0, 'l']);
  assert.equal(entry('hrw-r--r--  0 0      0           0 Jan  1  1970 hl link to a'), ['h', 0, 'hl']);
  assert.equal(entry('crw-r--r--  0 0      0         1,3 Jan  1  1970 dev/null'), ['c', 0, 'dev/null']);
  assert.equal(entry('-rw-r--r--  0 0      0           1 Jan  1 12345 a -> b'), ['-', 1, 'a -> b']);
  assert.equal(entry('drwxr-xr-x  0 0      0           0 Jan  1  1970 ./'), ['d', 0, '']);
});

test('names are bytes', () => {
  assert.equal(entry('-rw-r--r--  0 0      0           1 Jan  1  1970 \\303\\251\\n\\\\w\\a'), [
    '-',
    1,
    '\u00c3\u00a9\n\\w\x07',
  ]);
});

test('what is no such line is none', () => {
  for (const line of [
    '',
    'bsdtar: x',
    '?rw-r--r--  0 0  0  1 Jan  1  1970 x',
    'lrw-r--r--  0 0  0  0 Jan  1  1970 l',
  ])
    assert.is(parseLine(line), null);
});

test('a way out has a name that is two dots', () => {
  const leads = (path: string): boolean => leadsOut({ type: '-', size: 0, path });
  assert.equal(['..', 'a/../b', '../a', 'a/..'].map(leads), [true, true, true, true]);
  assert.equal(['..a', 'a..', 'a/...', ''].map(leads), [false, false, false, false]);
});

test('a place is looked up as if the tree were the root', () => {
  const root = mkdtempSync(`${tmpdir()}/chos-place-`);
  mkdirSync(`${root}/usr/lib`, { recursive: true });
  writeFileSync(`${root}/file`, '');
  for (const [target, link] of [
    ['/usr/lib', 'lib'],
    ['../../../../..', 'usr/up'],
    ['/circle', 'circle'],
    ['../lib/x', 'usr/last'],
  ] as const)
    spawnSync('ln', ['-s', target, `${root}/${link}`]);
  assert.is(placeIn(root, 'lib/x'), `${root}/usr/lib/x`);
  assert.is(placeIn(root, 'usr/up/etc'), `${root}/etc`);
  assert.is(placeIn(root, '../../x'), `${root}/x`);
  assert.is(placeIn(root, 'circle/x'), null);
  assert.is(placeIn(root, 'file/x'), null);
  assert.is(placeIn(root, 'nothing/x'), null);
  assert.is(placeIn(root, 'usr/last'), `${root}/usr/last`);
  assert.is(placeIn(root, 'usr/last', 'follow'), null);
  assert.is(placeIn(root, '', 'follow'), root);
  assert.ok(existsSync(root));
  rmSync(root, { recursive: true });
});

test.run();
