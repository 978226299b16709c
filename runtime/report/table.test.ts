import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { table } from './table.js';

test('columns line up, the last has no trailing blanks, control characters do not reach the terminal', () => {
  const text = table(
    ['ID', 'PID', 'OWNER'],
    [
      ['long-name', '1', 'root'],
      ['b', '22', '\u001b[2J'],
    ],
  );
  assert.is(text, 'ID         PID  OWNER\nlong-name  1    root\nb          22   \\u{1b}[2J\n');
});

test('a table without rows is its header', () => assert.is(table(['A', 'B'], []), 'A  B\n'));

test.run();
