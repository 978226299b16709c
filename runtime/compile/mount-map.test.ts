import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { MountFact } from '../../spec/environment.js';
import { mountMap } from './mount-map.js';

const mount = (id: number, point: string): MountFact => ({
  id,
  point,
  root: '/',
  device: '8:1',
  type: 'ext4',
  attributes: 0,
  peerGroup: 0,
  master: 0,
});
const map = mountMap([
  mount(1, '/'),
  mount(2, '/a/b'),
  mount(3, '/a/bc'),
  mount(4, '/a/b/c/d'),
  mount(5, '/a/b'),
]);

test('a path leads to the deepest mount, of several at one place to the last', () => {
  const ids = ['/', '/x', '/a', '/a/b', '/a/b/c', '/a/b/c/d/e', '/a/bc', '/a/bcd'].map(
    path => map.at(path)?.id,
  );
  assert.equal(ids, [1, 1, 1, 5, 5, 4, 3, 1]);
  assert.is(mountMap([mount(2, '/a')]).at('/b'), undefined);
});

test('the mounts below a path do not include its own', () => {
  const ids = (path: string) => map.below(path).map(({ id }) => id);
  assert.equal(ids('/'), [2, 3, 4, 5]);
  assert.equal(
    [ids('/a'), ids('/a/b'), ids('/a/b/c'), ids('/a/bc'), ids('/x')],
    [[2, 3, 4, 5], [4], [4], [], []],
  );
});

test.run();
