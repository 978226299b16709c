import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadText, releasedText, skeletonRemovedText } from './tree-text.js';

test('who is still inside is named, and what a process calls itself does nothing to a terminal', () => {
  assert.is(skeletonRemovedText('/chos', []), '/chos is removed');
  assert.is(
    skeletonRemovedText('/chos', ['process 7 (\x1b[2J)', 'container box (process 8)']),
    '/chos is removed; still used by process 7 (\\u{1b}[2J), container box (process 8)',
  );
  assert.is(releasedText(['a@1', 'a@2'], []), 'a@1, a@2 released');
  assert.is(
    releasedText(['a@1'], ['process 7 (\x01s\x02\x03)']),
    'a@1 released; still seen by process 7 (\\u{1}s\\u{2}\\u{3})',
  );
});

test('a tree that is not put into the kernel’s list is named with the reason', () => {
  const text = (code: string) => loadText({ tree: 'a', path: '/os/a', code });
  assert.match(text('ENODEV'), /^tree `a`: the image of \/os\/a is not mounted/);
  assert.match(text('ENOENT'), /^tree `a`: \/os\/a does not exist/);
});

test.run();
