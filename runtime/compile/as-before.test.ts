/** What a program that is used again looks at before it does anything, and where it hands over. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { lookAsBefore } from './as-before.js';
import type { Thawed } from './cgroups/driver.js';
import { createLaunch } from './launch/launch.js';
import { inputOf } from './test/input.js';
import { type Outside, walk } from './test/walk.js';

const init = { id: 'box', pid: 77, pidStart: '4711' };
const directories = ['/cg/pids/box', '/cg/freezer/box'];
const thawed: readonly Thawed[] = [{ file: '/cg/freezer/box/freezer.state', blanks: 0, letter: 'T' }];
const inV2: readonly Thawed[] = [
  { file: '/cg/box/cgroup.freeze', blanks: 0, letter: '0' },
  { file: '/cg/box/cgroup.events', blanks: 2, letter: '0' },
];

interface Case {
  readonly reused?: number;
  readonly thawed?: readonly Thawed[];
  readonly call?: NonNullable<Outside['call']>;
  /** What is read there: the letters of which the program looks at one, of the files in turn. */
  readonly letters?: string;
}

/** Of /proc/77/stat, and of the freezer. */
const LETTERS = 'ST';

/** The action, and what the track does if it fails. */
function walked({ reused = 1, thawed: files = thawed, call = () => undefined, letters = LETTERS }: Case) {
  const looked = lookAsBefore(createLaunch(inputOf()), init, { directories, thawed: files });
  let [scans, reads] = [0, 0];
  const outside: Outside = {
    cells: new Map([[looked.reused, reused]]),
    call: (name, args) => {
      const given = call(name, args);
      if (name === 'openat' && given === undefined) return 5;
      // Of the line: its last parenthesis, a blank, the number.
      if (name === 'scan' && given === undefined) return [13, 20, 4711][scans++];
      return given;
    },
    memory: () => letters.charCodeAt(reads++),
  };
  const done = walk(looked.action.lines, outside);
  if (done.end === 'through') return { ...done, reused: done.value(looked.reused) };
  assert.match(done.end, /^failed /);
  const after = walk(looked.failed, {
    ...outside,
    cells: new Map([
      [looked.reused, done.value(looked.reused)],
      [looked.descriptor, done.value(looked.descriptor)],
    ]),
  });
  return { ...after, calls: [...done.calls, ...after.calls], reused: done.value(looked.reused) };
}

const count = (calls: readonly string[], name: string): number =>
  calls.filter(call => call.startsWith(`${name}(`)).length;

/** It hands over to the compiler, and nothing that it has opened is still open. */
function handsOver(given: Case, why = ''): void {
  const { calls, end } = walked(given);
  assert.is(count(calls, 'handover'), 1, `${why} ${end}`);
}

test('a program that has just been compiled looks at nothing, and fails as any', () => {
  assert.equal(walked({ reused: 0 }).calls, []);
  const looked = lookAsBefore(createLaunch(inputOf()), init, { directories, thawed });
  assert.is(walk(looked.failed, { cells: new Map([[looked.reused, 0]]) }).end, 'exit 255');
});

test('as before, it goes on, and is one like any from there', () => {
  for (const [files, letters] of [
    [thawed, LETTERS],
    [inV2, 'S00'],
    [[], 'S'],
  ] as const) {
    const { calls, end, reused } = walked({ thawed: files, letters });
    assert.is(end, 'through');
    assert.is(reused, 0);
    assert.is(count(calls, 'handover'), 0);
    assert.is(count(calls, 'openat'), 1 + files.length);
    assert.is(count(calls, 'close'), 1 + files.length);
    assert.is(count(calls, 'faccessat2'), directories.length);
  }
  assert.match(walked({}).calls.join(' '), 'openat(-100, /proc/77/stat');
});

test('without its init, or with another process of that number, the compiler is asked', () => {
  handsOver({ call: name => (name === 'openat' ? 'ENOENT' : undefined) });
  handsOver({ call: name => (name === 'read' ? 'ESRCH' : undefined) });
  handsOver({ call: name => (name === 'scan' ? 'ENOENT' : undefined) });
  handsOver({ call: name => (name === 'scan' ? 4712 : undefined) }, 'another start');
  for (const letter of 'ZXx') handsOver({ letters: `${letter}T` }, letter);
});

test('whatever cannot be seen is for the compiler, too', () => {
  for (const errno of ['EACCES', 'EMFILE', 'ENOSYS', 'EIO', 'EPERM'] as const)
    for (const name of ['openat', 'read', 'faccessat2'])
      handsOver({ call: called => (called === name ? errno : undefined) }, `${name} ${errno}`);
});

test('frozen, by itself or by a group above', () => {
  handsOver({ letters: 'SF' });
  handsOver({ thawed: inV2, letters: 'S1' });
  handsOver({ thawed: inV2, letters: 'S01' });
});

test('a cgroup that is not there any more', () => {
  handsOver({
    call: (name, args) => (name === 'faccessat2' && args[1] === directories[1] ? 'ENOENT' : undefined),
  });
});

test('what was open when it failed is closed', () => {
  const { calls } = walked({ call: name => (name === 'read' ? 'EIO' : undefined) });
  assert.is(count(calls, 'openat'), 1);
  assert.is(count(calls, 'close'), 1);
  assert.is(calls.at(-1), 'handover()');
});

test.run();
