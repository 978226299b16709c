import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { oneLine } from '../report/diagnostic.js';
import { parseJsonFile } from './json-file.js';
import { mergeFiles } from './read-registry.js';
import type { RegisteredTree, RegistryFile } from './registry.js';

function fileOf(content: unknown, name = '/etc/chos.d/a.json'): RegistryFile {
  const read = parseJsonFile(name, JSON.stringify(content));
  if (read.kind === 'refused') throw new Error(read.diagnostics.map(oneLine).join('\n'));
  return read.file;
}

const said = (content: unknown): readonly string[] => {
  const read = parseJsonFile('r.json', JSON.stringify(content));
  return read.kind === 'refused' ? read.diagnostics.map(oneLine) : [];
};
const first = (file: RegistryFile): RegisteredTree => {
  const [tree] = file.trees;
  if (tree === undefined) throw new Error('no tree');
  return tree;
};

test('the shares of the file are those of its trees, unless a tree has its own', () => {
  const shares = [{ path: '/home/' }, { path: '/sw', readonly: true }];
  const { trees } = fileOf({ trees: { a: { path: '/os/a/' }, b: { path: '/os/b', shares: [] } }, shares });
  assert.equal(
    trees.map(({ name, path, shares: own }) => [name, path, own]),
    [
      [
        'a',
        '/os/a',
        [
          { path: '/home', readonly: false },
          { path: '/sw', readonly: true },
        ],
      ],
      ['b', '/os/b', []],
    ],
  );
});

test('what is not said has its default', () => {
  const { backEnd, readonly, variables, shell } = first(fileOf({ trees: { a: { path: '/os/a' } } }));
  assert.equal(
    { backEnd, readonly, variables, shell },
    { backEnd: 'auto', readonly: false, variables: [], shell: 'sh' },
  );
});

for (const [name, content, expected] of [
  ['a relative path', { trees: { a: { path: 'os' } } }, 'trees.a.path must be an absolute path, not "os"'],
  ['a path that climbs', { trees: { a: { path: '/os/../etc' } } }, 'trees.a.path must not contain ".."'],
  ['the root of the host', { trees: { a: { path: '/' } } }, 'trees.a.path must not be empty'],
  ['no path', { trees: { a: {} } }, 'trees.a.path is required'],
  ['a misspelt property', { trees: { a: { path: '/a', share: [] } } }, 'did you mean "shares"?'],
  ['a bad name', { trees: { 'a@1': { path: '/a' } } }, 'has a name that no tree can have'],
  ['an unknown back end', { trees: { a: { path: '/a', backEnd: 'pined' } } }, 'did you mean "pinned"?'],
  ['a share twice', { shares: [{ path: '/a' }, { path: '/a/' }] }, 'shares[1].path repeats shares[0].path'],
  ['a variable without a name', { trees: { a: { path: '/a', env: ['=x'] } } }, 'must be NAME=VALUE'],
  ['a list for an object', { trees: [] }, 'trees must be an object'],
] as const)
  test(`${name} is refused`, () => {
    assert.match(said(content)[0] ?? '', expected);
    assert.match(said(content)[0] ?? '', /^r\.json:1:\d+: /);
  });

test('what one file gives, another may not', () => {
  const one = fileOf({ trees: { a: { path: '/a' } }, default: 'a' }, 'one');
  const merged = mergeFiles([one, fileOf({ trees: { a: { path: '/b' } }, default: 'a' }, 'two')]);
  assert.equal(merged.kind === 'refused' && merged.diagnostics.map(oneLine), [
    'two:1:23: trees.a.path is registered already, in one:1',
    'two:1:40: default repeats the default of another file: "a"',
  ]);
  const unknown = mergeFiles([fileOf({ default: 'b' }, 'three')]);
  assert.equal(unknown.kind === 'refused' && unknown.diagnostics.map(oneLine), [
    'three:1:12: default names no registered tree: "b"',
  ]);
  const good = mergeFiles([one, fileOf({ trees: { b: { path: '/b' } } })]);
  assert.equal(good.kind === 'registry' && [...good.registry.trees.keys(), good.registry.defaultTree], [
    'a',
    'b',
    'a',
  ]);
});

test.run();
