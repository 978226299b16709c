import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { progressOf } from './progress.js';

function shown(terminal: boolean): string {
  let text = '';
  let time = 0;
  const progress = progressOf('debian13', {
    terminal,
    write: part => {
      text += part;
    },
    now: () => time,
  });
  progress.begin('reading', 3_000_000);
  time = 50;
  progress.read(500_000);
  time = 1000;
  progress.read(500_000);
  progress.begin('making the\u001b[2J digest', 0);
  progress.end();
  return text;
}

test('on a terminal one line, with bytes, rate and time', () => {
  const lines = shown(true).split('\r\u001b[K');
  assert.is(lines[1], 'debian13: reading  0 %  0 B of 3.0 MB  0 B/s');
  assert.is(lines[2], 'debian13: reading  33 %  1.0 MB of 3.0 MB  1.0 MB/s  2 s left');
  assert.is(lines[3], 'debian13: making the\\u{1b}[2J digest');
  assert.is(lines[4], '');
});

test('elsewhere a plain line for each step', () => {
  assert.is(shown(false), 'debian13: reading, 3.0 MB\ndebian13: making the\\u{1b}[2J digest\n');
});

test.run();
