import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { progressOf } from './progress.js';

function shown(terminal: boolean): string {
  let text = '';
  let time = 0;
  let tick = (): void => undefined;
  const progress = progressOf('debian13', {
    terminal,
    write: part => {
      text += part;
    },
    now: () => time,
    everySecond(act) {
      tick = act;
      return () => {
        tick = () => undefined;
      };
    },
  });
  progress.begin('reading', 3_000_000);
  time = 50;
  progress.read(500_000);
  time = 1000;
  progress.read(500_000);
  progress.begin('making the\u001b[2J digest', 0);
  time = 37_500;
  tick();
  // What has several names is read as often.
  progress.begin('reading', 10);
  time = 39_500;
  progress.read(20);
  progress.end();
  tick();
  return text;
}

test('on a terminal one line, with bytes, rate and time', () => {
  const lines = shown(true).split('\r\u001b[K');
  assert.is(lines[1], 'debian13: reading  0 %  0 B of 3.0 MB  0 B/s');
  assert.is(lines[2], 'debian13: reading  33 %  1.0 MB of 3.0 MB  1.0 MB/s  2 s left');
  assert.is(lines[3], 'debian13: making the\\u{1b}[2J digest');
  assert.is(lines[4], 'debian13: making the\\u{1b}[2J digest  36 s');
  assert.is(lines[6], 'debian13: reading  100 %  20 B of 10 B  10 B/s  0 s left');
  assert.is(lines[7], '');
  assert.is(lines.length, 8);
});

test('elsewhere a plain line for each step', () => {
  assert.is(
    shown(false),
    'debian13: reading, 3.0 MB\ndebian13: making the\\u{1b}[2J digest\ndebian13: reading, 10 B\n',
  );
});

test.run();
