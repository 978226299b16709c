import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { innermost, mountMap } from './mount-map.js';
import { mountFact } from './test/mount-fact.js';

const mount = (id: number, parent: number, point: string) => mountFact(point, { id, parent });
const map = mountMap([
  mount(1, 0, '/'),
  mount(2, 1, '/a/b'),
  mount(3, 1, '/a/bc'),
  mount(5, 2, '/a/b'),
  mount(4, 5, '/a/b/c/d'),
]);

test('a path leads to the deepest mount, of several at one place to the one on top', () => {
  const ids = ['/', '/x', '/a', '/a/b', '/a/b/c', '/a/b/c/d/e', '/a/bc', '/a/bcd'].map(
    path => map.at(path)?.id,
  );
  assert.equal(ids, [1, 1, 1, 5, 5, 4, 3, 1]);
  assert.is(mountMap([mount(2, 1, '/a')]).at('/b'), undefined);
  assert.is(map.at('a'), undefined);
});

test('the mounts below a path do not include its own, nor what is hidden', () => {
  const ids = (path: string) => map.below(path).map(({ id }) => id);
  assert.equal(ids('/'), [3, 5, 4]);
  assert.equal(
    [ids('/a'), ids('/a/b'), ids('/a/b/c'), ids('/a/bc'), ids('/x')],
    [[3, 5, 4], [4], [4], [], []],
  );
});

test('what is mounted over a path hides what was mounted below it before', () => {
  const over = mountMap([
    mount(1, 1, '/'),
    mount(2, 1, '/a/b'),
    mount(3, 2, '/a/b/c'),
    mount(4, 1, '/a'),
    mount(5, 4, '/a/b/c'),
  ]);
  assert.equal(
    ['/a', '/a/b', '/a/b/c', '/b'].map(path => over.at(path)?.id),
    [4, 4, 5, 1],
  );
  assert.equal(
    over.below('/a').map(({ id }) => id),
    [5],
  );
  assert.equal(
    over.descendants(mount(1, 1, '/')).map(({ id }) => id),
    [2, 3, 4, 5],
  );
});

test('the innermost of some directories', () => {
  const directories = new Set(['/a', '/a/b', '/c']);
  assert.equal(
    ['/a', '/a/b', '/a/b/x/y', '/a/bc', '/d', '/'].map(path => innermost(path, directories)),
    ['/a', '/a/b', '/a/b', '/a', undefined, undefined],
  );
  assert.is(innermost('/d', new Set(['/'])), '/');
});

test.run();
