import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type CaseEnd, caseReader } from './result-lines.js';

function read(...lines: readonly string[]) {
  const ends: (readonly [number, CaseEnd])[] = [];
  const reader = caseReader('@m', (index, end) => void ends.push([index, end]));
  for (const line of lines) reader.line(line);
  return { ends, unfinished: reader.unfinished() };
}

test('each case gets what was printed between its lines', () => {
  const { ends } = read('@m begin 0000', '@m end 0000 0 12', '@m begin 0001', 'a', 'b', '@m end 0001 1 34');
  assert.equal(ends, [
    [0, { exitCode: 0, output: '', milliseconds: 12 }],
    [1, { exitCode: 1, output: 'a\nb', milliseconds: 34 }],
  ]);
});

test('a last line without its newline belongs to the case', () => {
  assert.equal(read('@m begin 0000', 'rest@m end 0000 2 5').ends, [
    [0, { exitCode: 2, output: 'rest', milliseconds: 5 }],
  ]);
});

test('what a case printed before the machine ended', () => {
  assert.equal(read('@m begin 0000', '@m end 0000 0 1', '@m begin 0001', 'half').unfinished, ['half']);
});

test.run();
