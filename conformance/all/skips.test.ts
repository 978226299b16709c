import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ofPeers } from './allowed-skips.js';
import { skipsToReview } from './skips.js';

const reviewed = `skip  crun  regex/kill: ${ofPeers[0]}`;
const counts = (skipped: number) => ({ passed: 1, failed: 0, skipped });

test('a reviewed skip is none to look at', () => {
  assert.equal(skipsToReview(counts(1), `${reviewed}\n1 passed, 0 failed, 1 skipped\n`), []);
});

test('a reason that is not on the list is', () => {
  assert.equal(skipsToReview(counts(2), `${reviewed}\nskip  hooks/a: no kernel\n`), ['hooks/a: no kernel']);
});

test('so is what is counted and has no line', () => {
  assert.equal(skipsToReview(counts(7), 'not root: nothing can be tested\n'), [
    '7 that the part does not name',
  ]);
  assert.equal(skipsToReview(counts(3), `${reviewed}\n`), ['2 that the part does not name']);
});

test.run();
