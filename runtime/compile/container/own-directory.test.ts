import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { label } from '../../program/operand.js';
import { createLaunch } from '../launch/launch.js';
import { inputOf } from '../test/input.js';
import { walk } from '../test/walk.js';
import { letOthersIn, lockAgain } from './own-directory.js';

const launch = createLaunch(inputOf());
const { unlocked } = launch.cells;

test('a lock that was not given up is not taken again', () => {
  const { calls } = walk(lockAgain(launch, label('deleted')), { cells: new Map([[unlocked, 0]]) });
  assert.equal(calls, []);
});

test('whoever comes back finds the directory, or is told that it was deleted', () => {
  const again = (links: number) =>
    walk(lockAgain(launch, label('deleted')), { cells: new Map([[unlocked, 1]]), memory: () => links });
  const there = again(2);
  assert.is(there.end, 'through');
  assert.is(there.value(unlocked), 0);
  const deleted = again(0);
  assert.is(deleted.end, 'left');
  assert.is(deleted.value(unlocked), 1);
});

test('somebody who keeps the lock is waited for, but not for ever', () => {
  const busy = walk(lockAgain(launch, label('deleted')), {
    cells: new Map([[unlocked, 1]]),
    call: name => (name === 'flock' ? 'EAGAIN' : 0),
  });
  assert.is(busy.end, 'failed EBUSY');
  assert.is(busy.calls.filter(call => call.startsWith('nanosleep')).length, 1000);
});

test('after the hooks of create: locked and no longer marked, or a failure of its own', () => {
  const end = (links: number) =>
    walk(letOthersIn(launch).end.lines, { cells: new Map([[unlocked, 1]]), memory: () => links });
  assert.is(end(2).end, 'through');
  assert.ok(end(2).calls.some(call => /^unlinkat\(.*creating/.test(call)));
  assert.is(end(0).end, 'failed ENOENT');
  assert.not.ok(end(0).calls.some(call => call.startsWith('unlinkat')));
});

test.run();
