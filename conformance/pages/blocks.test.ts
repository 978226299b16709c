import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { blocksOf, commandsOf, isShown, missingLine } from './blocks.js';

const page = [
  'text',
  '```console',
  '# one   # remark',
  'a',
  '',
  'b',
  '$ two # no remark',
  'work$ three',
  '```',
  '```',
  'x',
  'y    # z',
  '```',
];

test('blocks, with the line at which each begins', () => {
  assert.equal(
    blocksOf('page', page.join('\n')).map(({ line, language, lines }) => [line, language, lines.length]),
    [
      [3, 'console', 6],
      [11, '', 2],
    ],
  );
});

test('in a console commands have a prompt; elsewhere each line is one', () => {
  const [console_, plain] = blocksOf('page', page.join('\n'));
  assert.equal(console_ && commandsOf(console_), [
    { text: 'one', output: ['a', '', 'b'] },
    { text: 'two # no remark', output: [] },
    { text: 'three', output: [] },
  ]);
  assert.equal(plain && commandsOf(plain).map(({ text }) => text), ['x', 'y']);
});

test('dots stand for anything, nothing else does', () => {
  assert.ok(isShown('lrwx ... /bin -> (x)', 'lrwx 1 root /bin -> (x)'));
  assert.not.ok(isShown('a.c', 'abc'));
  assert.not.ok(isShown('abc', 'abcd'));
});

test('shown lines must come in their order; others may stand between them', () => {
  assert.is(missingLine(['a', '...', 'c'], ['a', 'b', 'c  ']), null);
  assert.is(missingLine(['c', 'a'], ['a', 'b', 'c']), 'a');
});

test.run();
