import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { oneLine } from '../report/diagnostic.js';
import { parseJsonFile } from './json-file.js';
import { mergeFiles } from './read-registry.js';
import type { RegisteredShare, RegisteredTree, Registry, RegistryFile } from './registry.js';

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

const plain = (shares: readonly RegisteredShare[]) =>
  shares.map(
    ({ path, readonly, optional }) => `${path}${readonly ? ' ro' : ''}${optional ? ' optional' : ''}`,
  );

test('the shares of the file are those of its trees, unless a tree has its own', () => {
  const shares = [{ path: '/home/' }, { path: '/sw', readonly: true }];
  const { trees } = fileOf({ trees: { a: { path: '/os/a/' }, b: { path: '/os/b', shares: [] } }, shares });
  assert.equal(
    trees.map(({ name, path, shares: own }) => [name, path, plain(own)]),
    [
      ['a', '/os/a', ['/home', '/sw ro']],
      ['b', '/os/b', []],
    ],
  );
});

test('paths are what they lead to, however they are written', () => {
  const { trees } = fileOf({ trees: { a: { path: '/os/./a/.' } }, shares: [{ path: '/mnt/.//home/./' }] });
  assert.equal(
    trees.map(({ path, shares }) => [path, plain(shares)]),
    [['/os/a', ['/mnt/home']]],
  );
  const shares = [{ path: '/mnt/./home' }, { path: '/mnt/home' }, { path: '/./' }];
  const lines = said({ trees: { a: { path: '/.' } }, shares });
  assert.is(lines.length, 3, lines.join('\n'));
  assert.match(lines.join('\n'), /shares\[1\]\.path .*shares\[0\]\.path/);
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
  [
    'the root of the host',
    { trees: { a: { path: '/.' } } },
    'trees.a.path must not be the root, which is the host itself, not "/."',
  ],
  ['no path at all', { trees: { a: { path: '' } } }, 'trees.a.path must not be empty'],
  [
    'the root as a share',
    { shares: [{ path: '/' }] },
    "shares[0].path must not be the root, which is the tree's own",
  ],
  ['the root as a file', { files: { '/.': 'host' } }, "must not be the root, which is the tree's own"],
  [
    'the root as the place of a file',
    { features: { gpu: { files: [{ path: '/a', at: '//' }] } } },
    "features.gpu.files[0].at must not be the root, which is the tree's own",
  ],
  ['no path', { trees: { a: {} } }, 'trees.a.path is required'],
  ['a misspelt property', { trees: { a: { path: '/a', share: [] } } }, 'did you mean "shares"?'],
  ['a bad name', { trees: { 'a@1': { path: '/a' } } }, 'has a name that no tree can have'],
  ['an unknown back end', { trees: { a: { path: '/a', backEnd: 'pined' } } }, 'did you mean "pinned"?'],
  ['a share twice', { shares: [{ path: '/a' }, { path: '/a/' }] }, 'shares[1].path repeats shares[0].path'],
  ['a variable without a name', { trees: { a: { path: '/a', env: ['=x'] } } }, 'must be NAME=VALUE'],
  [
    'a pattern that is no name',
    { trees: { a: { path: '/a', environment: { keep: ['A=1'] } } } },
    'environment.keep[0] must be ',
  ],
  [
    'a pattern that ends a line',
    { trees: { a: { path: '/a', environment: { unset: ['A\nB'] } } } },
    'environment.unset[0] must be ',
  ],
  [
    'a relative directory of PATH',
    { trees: { a: { path: '/a', environment: { path: ['bin'] } } } },
    'environment.path[0] must be ',
  ],
  [
    'two directories in one',
    { trees: { a: { path: '/a', environment: { path: ['/a:/b'] } } } },
    'environment.path[0] must be ',
  ],
  [
    'a misspelt part of it',
    { trees: { a: { path: '/a', environment: { keeps: [] } } } },
    'did you mean "keep"?',
  ],
  ['a choice for nobody', { choices: [{ tree: 'a' }] }, 'choices[0].user is required'],
  ['a choice of two conditions', { choices: [{ user: 'a', host: 'b', tree: 'a' }] }, 'choices[0].host '],
  ['a choice of two users', { choices: [{ user: 'a b', tree: 'a' }] }, 'choices[0].user must be '],
  ['a choice that ends a line', { choices: [{ user: 'a', tree: 'a\nb' }] }, 'choices[0].tree '],
  ['a misspelt choice', { choices: [{ usr: 'a', tree: 'a' }] }, 'did you mean "user"?'],
  ['a list for an object', { trees: [] }, 'trees must be an object'],
] as const)
  test(`${name} is refused`, () => {
    assert.match(said(content)[0] ?? '', expected);
    assert.match(said(content)[0] ?? '', /^r\.json:1:\d+: /);
  });

const told = ({ broken }: Registry): readonly string[] =>
  broken.flatMap(({ why }) => (why.kind === 'diagnostics' ? why.diagnostics.map(oneLine) : []));

test('what two files say differently counts for nothing, and the rest is used', () => {
  const one = fileOf({ trees: { a: { path: '/a' }, c: { path: '/c' } }, default: 'c' }, 'one');
  const merged = mergeFiles([one, fileOf({ trees: { a: { path: '/b' } }, default: 'a' }, 'two')]);
  assert.equal([...merged.trees.keys()], ['c']);
  assert.is(merged.defaultTree, null);
  assert.equal(told(merged), [
    'one:1:23: trees.a.path is registered already, in two:1',
    'two:1:23: trees.a.path is registered already, in one:1',
    'one:1:58: default repeats the default of another file: "c"',
    'two:1:40: default repeats the default of another file: "a"',
  ]);
  assert.equal(
    merged.broken.map(({ file, trees }) => [file, trees]),
    [
      ['one', ['a']],
      ['two', ['a']],
      ['one', []],
    ],
  );
  const unknown = mergeFiles([fileOf({ default: 'b' }, 'three')]);
  assert.equal(told(unknown), ['three:1:12: default names no registered tree: "b"']);
  const good = mergeFiles([one, fileOf({ trees: { b: { path: '/b' } } })]);
  assert.equal([[...good.trees.keys()], good.defaultTree, good.broken], [['a', 'c', 'b'], 'c', []]);
});

test('a choice of an unknown tree is told, and stays', () => {
  const merged = mergeFiles([
    fileOf({ choices: [{ user: 'anna', tree: 'a' }], trees: { b: { path: '/b' } } }, 'one'),
    fileOf(
      {
        choices: [
          { host: '*', tree: 'b' },
          { group: '7', tree: 'default' },
        ],
      },
      'two',
    ),
  ]);
  assert.equal(told(merged), ['one:1:35: choices[0].tree names no registered tree: "a"']);
  assert.equal(
    merged.choices.map(({ by, of, tree }) => [by, of, tree]),
    [
      ['user', 'anna', 'a'],
      ['host', '*', 'b'],
      ['group', '7', 'default'],
    ],
  );
});

test('the shares of a file without trees are those of the whole site', () => {
  const site = fileOf({ shares: [{ path: '/home' }, { path: '/sw', optional: true }] }, 'site');
  const trees = {
    a: { path: '/a' },
    b: { path: '/b', shares: [{ path: '/data' }] },
    c: { path: '/c', shares: [] },
  };
  const files = [
    site,
    fileOf({ trees, shares: [{ path: '/sw', readonly: true }] }),
    fileOf({ trees: { d: { path: '/d' } } }),
  ];
  const merged = mergeFiles(files);
  assert.equal(
    [...merged.trees.values()].map(({ name, shares }) => [name, plain(shares)]),
    [
      ['a', ['/sw ro', '/home']],
      ['b', ['/data']],
      ['c', []],
      ['d', ['/home', '/sw optional']],
    ],
  );
  const [share] = merged.trees.get('d')?.shares ?? [];
  assert.is(
    oneLine(share?.diagnose({ kind: 'empty' }) ?? never()),
    'site:1:20: shares[0].path must not be empty',
  );
});

const never = (): never => {
  throw new Error('nothing there');
};

test('a misspelt name is told, not what seems to be missing for it', () => {
  assert.equal(said({ trees: { a: { paht: '/a' } } }), [
    'r.json:1:23: trees.a.paht is not a property that the registry has (did you mean "path"?)',
  ]);
  assert.equal(
    said({ trees: { a: { path: '/a' }, b: {} }, shares: [{ path: '/x', optonal: true }] }).length,
    2,
  );
});

test('a refused file tells which trees it would have registered', () => {
  const read = parseJsonFile('r.json', '{"trees": {"a": {"path": "/a"}, "b": {"path": 5}}}');
  assert.equal(read.kind === 'refused' && read.trees, ['a', 'b']);
  const torn = parseJsonFile('r.json', '{"trees": {"a": {"path": "/a"}');
  assert.equal(torn.kind === 'refused' && torn.trees, []);
});

test.run();
