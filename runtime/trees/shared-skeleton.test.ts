import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parent } from './path-parts.js';
import { planSkeleton, type SkeletonInput, shownTrees, treeHolders } from './shared-skeleton.js';
import type { TreeEntry, TreeView } from './skeleton.js';

/** "/usr": a directory, "/bin -> usr/bin": a link. */
function view(...entries: readonly string[]): TreeView {
  const all = new Map<string, TreeEntry>(
    entries.map(entry => {
      const [path = '', target] = entry.split(' -> ');
      return [path, target === undefined ? { kind: 'directory', mode: 0o755 } : { kind: 'link', target }];
    }),
  );
  return {
    entry: path => all.get(path) ?? null,
    list: path =>
      [...all.keys()].filter(one => parent(one) === path).map(one => one.slice(one.lastIndexOf('/') + 1)),
  };
}

const usual = [
  '/bin -> usr/bin',
  '/usr',
  '/etc',
  '/var',
  '/var/log',
  '/var/spool',
  '/var/spool/cron',
  '/home',
  '/proc',
];
const input = (change: Partial<SkeletonInput> = {}): SkeletonInput => ({
  hostView: ['/proc'],
  shares: [{ path: '/home', readonly: false }],
  trees: [{ path: '/os/a', readonly: false, view: view(...usual) }],
  directories: [],
  placeOf: path => ({ source: path, place: path }),
  ...change,
});
const shown = (change?: Partial<SkeletonInput>): readonly string[] =>
  planSkeleton(input(change)).entries.map(e => (e.kind === 'link' ? `${e.path} -> ${e.target}` : e.path));
const mounts = (change?: Partial<SkeletonInput>): readonly string[] =>
  planSkeleton(input(change)).mounts.map(m => `${m.what} ${m.path}${m.readonly ? ' ro' : ''}`);

test("the tree's own through the link, the host's as directories", () => {
  assert.equal(shown(), [
    '/bin -> /proc/chos/link/bin',
    '/etc -> /proc/chos/link/etc',
    '/usr -> /proc/chos/link/usr',
    '/var -> /proc/chos/link/var',
    '/home',
    '/os',
    '/proc',
  ]);
  assert.equal(mounts(), ['share /home', 'trees /os', 'host /proc']);
});

test("a share deep in what is the tree's opens the directories above it", () => {
  const shares = [{ path: '/var/spool/mail', readonly: true }];
  assert.equal(shown({ shares }), [
    '/bin -> /proc/chos/link/bin',
    '/etc -> /proc/chos/link/etc',
    '/home -> /proc/chos/link/home',
    '/usr -> /proc/chos/link/usr',
    '/var',
    '/var/log -> /proc/chos/link/var/log',
    '/var/spool',
    '/var/spool/cron -> /proc/chos/link/var/spool/cron',
    '/os',
    '/proc',
    '/var/spool/mail',
  ]);
  assert.equal(mounts({ shares }), ['trees /os', 'host /proc', 'share /var/spool/mail ro']);
});

test('what any tree has is linked', () => {
  const trees = ['/os/a', '/os/b'].map((path, i) => ({
    path,
    readonly: false,
    view: view(i === 0 ? '/lib' : '/lib64'),
  }));
  assert.ok(shown({ trees }).includes('/lib64 -> /proc/chos/link/lib64'));
  assert.ok(shown({ trees }).includes('/lib -> /proc/chos/link/lib'));
  assert.equal(treeHolders(input({ trees })), ['/os']);
});

test('a directory that would hide the same one of a tree is not mounted, but the tree', () => {
  const trees = ['/srv/a', '/b', '/os/c'].map(path => ({
    path,
    readonly: false,
    view: view('/srv', '/usr'),
  }));
  assert.equal(treeHolders(input({ trees })), ['/b', '/os', '/srv/a']);
});

test('a tree in a share is there already', () => {
  const trees = [{ path: '/home/os/a', readonly: false, view: view(...usual) }];
  assert.equal(mounts({ trees }), ['share /home', 'host /proc']);
  assert.equal(shownTrees(input({ trees })), ['/home']);
});

test('a tree that is read-only is mounted once more', () => {
  const trees = ['/os/a', '/os/b'].map(path => ({ path, readonly: path === '/os/b', view: view(...usual) }));
  assert.equal(mounts({ trees }), ['share /home', 'trees /os', 'tree /os/b ro', 'host /proc']);
});

test('a directory that is there stays one, with links in it', () => {
  assert.equal(
    shown({ directories: ['/var', '/data'] }).filter(path => /var|data/.test(path)),
    ['/data', '/var', '/var/log -> /proc/chos/link/var/log', '/var/spool -> /proc/chos/link/var/spool'],
  );
});

test.run();
