import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { normalise, treePath } from './paths.js';

test('a path in its shortest form; .. stays inside the root', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['/', '/'],
    ['', '/'],
    ['//proc//', '/proc'],
    ['/a/./b', '/a/b'],
    ['/a/../b', '/b'],
    ['/../../etc', '/etc'],
    ['/a/b/../..', '/'],
    ['relative', '/relative'],
    ['/...', '/...'],
  ];
  for (const [given, normal] of rows) assert.is(normalise(given), normal, given);
});

test('what is not absolute counts from the root of the container, and keeps its dots', () => {
  assert.is(treePath('a/../b'), '/a/../b');
  assert.is(treePath('/a//b'), '/a//b');
  assert.is(treePath(''), '/');
});

test.run();
