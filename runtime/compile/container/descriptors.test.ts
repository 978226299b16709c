import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ErrnoName } from '../../../spec/errno.js';
import { FD_CLOEXEC } from '../../../spec/kernel.js';
import { slot } from '../../program/operand.js';
import { createLaunch } from '../launch/launch.js';
import { inputOf } from '../test/input.js';
import { walk } from '../test/walk.js';
import { letGoOfHost, pidFile, sweepDescriptors } from './descriptors.js';

/** What is still open of 0 to 12 when `kept` are kept, and the caller passed `preserve`. */
function openAfter(kept: readonly number[], preserve: number): readonly number[] {
  const launch = createLaunch(inputOf());
  const slots = kept.map(fd => slot('kept', fd));
  const open = new Set(Array.from({ length: 13 }, (_, fd) => fd));
  const { end } = walk(letGoOfHost(launch, slots).lines, {
    cells: new Map([[launch.cells.preserveFds, preserve]]),
    call: (name, [from, to]) => {
      assert.is(name, 'close_range');
      assert.ok(Number(from) <= Number(to));
      for (const fd of open) if (fd >= Number(from) && fd <= Number(to)) open.delete(fd);
      return 0;
    },
  });
  assert.is(end, 'through');
  return [...open];
}

test('all descriptors are closed but those that are kept, in whatever order they are', () => {
  assert.equal(openAfter([], 0), [0, 1, 2]);
  assert.equal(openAfter([9, 6], 0), [0, 1, 2, 6, 9]);
  assert.equal(openAfter([3, 4, 12], 0), [0, 1, 2, 3, 4, 12]);
  assert.equal(openAfter([9, 6], 2), [0, 1, 2, 3, 4, 6, 9]);
  // One that was not opened, and one among the caller's.
  assert.equal(openAfter([-1, 4, 8], 3), [0, 1, 2, 3, 4, 5, 8]);
});

/** `given`: which of the caller's are open; true: close-on-exec. */
function swept(given: ReadonlyMap<number, boolean>, preserve: number) {
  const launch = createLaunch(inputOf());
  return walk(sweepDescriptors(launch).lines, {
    cells: new Map([[launch.cells.preserveFds, preserve]]),
    call: (name, [fd]) => {
      if (name !== 'fcntl') return 0;
      const closes = given.get(Number(fd));
      return closes === undefined ? 'EBADF' : closes ? FD_CLOEXEC : 0;
    },
  }).calls.filter(call => !call.startsWith('fcntl'));
}

test('the last that the caller has open is the last that is kept, and holes before it are filled', () => {
  const ranges = (first: number) => `close_range(${first}, 4294967295, 4)`;
  const hole = 'memfd_create(not open, 1)';
  assert.equal(swept(new Map(), 0), [ranges(3)]);
  assert.equal(swept(new Map(), 5), [ranges(3)]);
  assert.equal(
    swept(
      new Map([
        [3, false],
        [5, false],
      ]),
      6,
    ),
    [hole, ranges(6)],
  );
  assert.equal(
    swept(
      new Map([
        [3, false],
        [5, true],
      ]),
      3,
    ),
    [ranges(4)],
  );
});

function written(answers: Readonly<Record<string, readonly (ErrnoName | number)[]>>) {
  const launch = createLaunch(inputOf());
  const left = new Map(Object.entries(answers).map(([name, list]) => [name, [...list]]));
  const { calls, end } = walk(pidFile(launch).lines, {
    cells: new Map([[launch.cells.pidFile, 1]]),
    call: name => left.get(name)?.shift(),
  });
  assert.is(end, 'through');
  return calls
    .map(call => call.slice(0, call.indexOf('(')))
    .filter(name => !['format', 'scan'].includes(name));
}

test('a pid file appears whole, in the place of an old one', () => {
  assert.equal(written({}), ['openat', 'write', 'linkat', 'close']);
  assert.equal(written({ linkat: ['EEXIST', 0] }), [
    'openat',
    'write',
    'linkat',
    'unlinkat',
    'linkat',
    'close',
  ]);
  // Somebody else was faster to remove it, or to put another one there.
  assert.equal(written({ linkat: ['EEXIST', 'EEXIST', 0], unlinkat: ['ENOENT', 0] }), [
    'openat',
    'write',
    'linkat',
    'unlinkat',
    'linkat',
    'unlinkat',
    'linkat',
    'close',
  ]);
});

test('a file system without nameless files gets it by way of another name', () => {
  assert.equal(written({ openat: ['EOPNOTSUPP'], unlinkat: ['ENOENT'] }), [
    'openat',
    'unlinkat',
    'openat',
    'write',
    'close',
    'renameat2',
  ]);
});

test('without --pid-file nothing is written', () => {
  const launch = createLaunch(inputOf());
  const { calls, end } = walk(pidFile(launch).lines, { cells: new Map([[launch.cells.pidFile, -1]]) });
  assert.equal([calls, end], [[], 'through']);
});

test.run();
