import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Share } from '../../spec/environment.js';
import type { SkeletonRecord } from '../../spec/records/skeleton.js';
import { mountFact } from '../../spec/test/mount-fact.js';
import { mountsInside, whyNotListed, whyNotShown } from './choose-kmod.js';
import { allVariables, type RegisteredShare, type RegisteredTree } from './registry.js';

const home = { path: '/home', readonly: false };
const diagnose = (): never => {
  throw new Error('not asked');
};
const registered = (share: Share): RegisteredShare => ({ ...share, optional: false, diagnose });
const tree: RegisteredTree = {
  name: 'a',
  path: '/os/a',
  shares: [registered(home)],
  files: [],
  ownShares: false,
  backEnd: 'auto',
  readonly: false,
  variables: [],
  environment: allVariables,
  hooks: {},
  features: [],
  cpuLevel: 0,
  strict: false,
  shell: 'sh',
  description: '',
  file: 'r.json',
  line: 1,
  diagnose,
  diagnoseFeatures: diagnose,
};
const record: SkeletonRecord = {
  path: '/chos',
  root: { major: 0, minor: 50, inode: 1 },
  host: { namespace: 1, root: { major: 8, minor: 1, inode: 2 } },
  shares: [{ ...home, live: true }],
  holders: ['/os'],
  readonly: [],
  files: [],
  created: '',
  boot: 'b',
};
const present = (...valid: readonly string[]) =>
  ({ kind: 'present', version: '0.1.0', skeleton: '/chos', valid: new Set(valid) }) as const;

test('a tree is for the kernel if it is in its list', () => {
  assert.is(whyNotListed(present('/os/a'), tree), null);
  assert.match(
    whyNotListed(present('/os/b'), tree) ?? '',
    /"a" is not in the kernel's list: run chos-runtime tree load/,
  );
  assert.match(whyNotListed({ kind: 'absent' }, tree) ?? '', /is not loaded/);
  assert.match(whyNotListed({ kind: 'too-old', version: '0.0.1' }, tree) ?? '', /0\.0\.1 is too old/);
  const unseen = { ...present(), valid: null };
  for (const [listed, why] of [
    [true, null],
    [null, null],
    [false, 'tree "a" is not in the kernel\'s list: run chos-runtime tree load'],
  ] as const)
    assert.is(
      whyNotListed(unseen, tree, path => (path === tree.path ? listed : null)),
      why,
    );
});

test('a tree is for the skeleton if that shows it, with neither more nor less', () => {
  assert.is(whyNotShown(record, tree), null);
  const why = (change: Partial<RegisteredTree>) => whyNotShown(record, { ...tree, ...change }) ?? '';
  assert.match(why({ shares: [] }), /shows other shares/);
  assert.match(why({ shares: [registered({ path: '/home', readonly: true })] }), /shows other shares/);
  assert.match(why({ path: '/oss/a' }), /does not show \/oss\/a: run chos-runtime skeleton create/);
  assert.match(why({ readonly: true }), /read-only in the registry, but not in the skeleton/);
});

test('mounts of the skeleton by the path inside', () => {
  const points = mountsInside(
    '/chos',
    ['/', '/chos', '/chos/home', '/chose'].map(point => mountFact(point)),
  ).map(m => m.point);
  assert.equal(points, ['/', '/home']);
});

test.run();
