import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Program } from '../../program/action.js';
import { bytes, slot, text } from '../../program/operand.js';
import { exit, exitReporting, type Line, move, sys } from '../../program/step.js';
import { action } from '../../program/test/action.js';
import { commonOf, shownProgram } from './show.js';

const because = { kind: 'rule', rule: 'r' } as const;
const nothing = commonOf([]);
const chdir = (to: string): Line => sys('chdir', [text(to)]);

interface Given {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly undo?: readonly Line[];
}

function programOf(...actions: readonly Given[]): Program {
  return {
    tracks: [
      {
        name: 'run',
        actions: actions.map(({ title, lines, undo = [] }) => action({ title, because, undo }, lines)),
        failed: [exitReporting(1)],
      },
    ],
    entries: [{ entry: 'run', track: 'run' }],
    parameters: new Map(),
    joins: false,
    arch: 'x86_64',
  };
}

const body = (program: Program, common = nothing): readonly string[] =>
  shownProgram(program, common).split('\n');

test('a whole program has all its steps, and beside each action what takes it back', () => {
  const program = programOf(
    { title: 'first', lines: [chdir('/a')], undo: [chdir('/b'), chdir('/c')] },
    { title: 'second', lines: [chdir('/d')], undo: [chdir('/e')] },
    { title: 'last', lines: [exit(0)] },
  );
  assert.equal(body(program), [
    'track run',
    '  first   <- r',
    '    chdir("/a")',
    '    undone by',
    '      chdir("/b")',
    '      chdir("/c")',
    '  second   <- r',
    '    chdir("/d")',
    '    undone by',
    '      chdir("/e")',
    '  last   <- r',
    '    exit PLAIN 0',
    '  after a failure',
    '    exit REPORT 1',
    '',
  ]);
});

test('of what others have too only the title is shown, and of the rest what is its own', () => {
  const same = { title: 'same', lines: [chdir('/a')] };
  const common = commonOf([
    programOf(same, { title: 'other', lines: [chdir('/b'), chdir('/c'), chdir('/d')] }),
  ]);
  const program = programOf(
    { title: 'other', lines: [chdir('/b'), chdir('/c'), chdir('/x'), chdir('/d')] },
    same,
    { title: 'new', lines: [chdir('/a')] },
    // Steps that are gone are told by the dots.
    { title: 'other', lines: [chdir('/c')] },
  );
  assert.equal(body(program, common), [
    'track run',
    '  other   <- r',
    '    ...',
    '    chdir("/x")',
    '    ...',
    '  same   <- r',
    '  new   <- r',
    '    chdir("/a")',
    '  other   <- r',
    '    ...',
    '  after a failure',
    '',
  ]);
});

test('an action with the same steps that is taken back otherwise is not the same', () => {
  const common = commonOf([programOf({ title: 'a', lines: [chdir('/a')], undo: [chdir('/b')] })]);
  const [, ...lines] = body(programOf({ title: 'a', lines: [chdir('/a')], undo: [chdir('/x')] }), common);
  assert.equal(lines.slice(0, 4), ['  a   <- r', '    ...', '    undone by', '      chdir("/x")']);
});

test('the size of the stored program is not shown', () => {
  const [at, left] = [slot('at'), slot('left')];
  const stored = bytes('stored program', new Uint8Array(77));
  const lines = [move(at, stored), move(left, 77), move(left, 78)];
  assert.equal(body(programOf({ title: 'a', lines })).slice(2, 5), [
    '    at = <stored program>',
    '    left = <size of stored program>',
    '    left = 78',
  ]);
});

test.run();
