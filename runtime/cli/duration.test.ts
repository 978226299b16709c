import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { durationOf } from './duration.js';

test('durations as Go writes them, in milliseconds', () => {
  for (const [text, value] of [
    ['5s', 5000],
    ['1m30s', 90_000],
    ['500ms', 500],
    ['1.5h', 5_400_000],
    ['.5s', 500],
    ['1ns', 1],
    ['1500us', 2],
    ['1500µs', 2],
    ['100000h', 2_147_483_647],
    ['', null],
    ['0s', null],
    ['0', null],
    ['5', null],
    ['-5s', null],
    ['5s ', null],
    ['5 s', null],
    ['s', null],
    ['5sec', null],
  ] as const)
    assert.is(durationOf(text), value, text);
});

test.run();
