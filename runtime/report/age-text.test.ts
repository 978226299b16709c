import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ageText } from './age-text.js';

test('the largest unit of which there are two', () => {
  const now = Date.parse('2026-01-10T00:00:00Z');
  const age = (seconds: number) => ageText(new Date(now - seconds * 1000).toISOString(), now);
  assert.equal([0, 119, 120, 7199, 7200, 172_799, 172_800].map(age), [
    '0s',
    '119s',
    '2m',
    '119m',
    '2h',
    '47h',
    '2d',
  ]);
  assert.is(age(-5), '0s');
  assert.is(ageText(null), '-');
});

test.run();
