import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { releasedText, skeletonRemovedText } from './tree-text.js';

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

test.run();
