import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { whyNotMounted, whyOtherFiles } from './linked-files.js';
import type { RegisteredShare } from './registry.js';
import { planSkeleton } from './shared-skeleton.js';

const os = mkdtempSync(join(tmpdir(), 'linked-'));
process.on('exit', () => rmSync(os, { recursive: true, force: true }));
mkdirSync(join(os, 'a/etc'), { recursive: true });
writeFileSync(join(os, 'a/etc/passwd'), 'own\n');
writeFileSync(join(os, 'shown'), 'shown\n');
symlinkSync('passwd', join(os, 'a/etc/link'));

const treeOf = (...paths: readonly string[]) => ({
  path: join(os, 'a'),
  shares: paths.map(
    (path): RegisteredShare => ({
      path,
      readonly: true,
      optional: false,
      from: join(os, 'shown'),
      diagnose: () => {
        throw new Error('not asked');
      },
    }),
  ),
});

test('a skeleton shows them where the tree has regular files, and stands in no share', () => {
  assert.is(whyNotMounted(treeOf(), [{ path: os }]), null);
  assert.is(whyNotMounted(treeOf('/etc/passwd'), [{ path: '/home' }]), null);
  assert.match(whyNotMounted(treeOf('/etc/passwd'), [{ path: os }]) ?? '', `it stands in the share ${os}`);
  for (const path of ['/etc/link', '/etc/none', '/etc'])
    assert.match(whyNotMounted(treeOf('/etc/passwd', path), []) ?? '', `no regular file ${path}`);
});

test('each file of each tree is one mount, read-only, above what holds the trees', () => {
  const file = { path: '/etc/passwd', from: '/run/chos/files/a/passwd' };
  const { mounts } = planSkeleton({
    hostView: [],
    shares: [],
    trees: [{ path: '/os/a', readonly: false, files: [file], view: { entry: () => null, list: () => [] } }],
    directories: [],
    placeOf: path => ({ source: path, place: path === '/os/a' ? '/real/a' : path }),
  });
  assert.equal(mounts, [
    { path: '/os', readonly: false, what: 'trees', source: '/os', place: '/os' },
    {
      path: '/os/a/etc/passwd',
      source: '/run/chos/files/a/passwd',
      place: '/real/a/etc/passwd',
      readonly: true,
      file: true,
      what: 'file',
    },
  ]);
});

test('one that shows others than the registry asks for is not used', () => {
  const place = join(os, 'a/etc/passwd');
  const tree = treeOf('/etc/passwd');
  assert.is(whyOtherFiles(tree, [place, '/os/b/etc/passwd'], [{ point: place }]), null);
  const why = `the skeleton shows another ${place} than the registry: run chos-runtime skeleton create`;
  assert.is(whyOtherFiles(tree, [], [{ point: place }]), why);
  assert.is(whyOtherFiles(tree, [place], []), why);
  assert.is(whyOtherFiles(treeOf(), [place], [{ point: place }]), why);
});

test.run();
