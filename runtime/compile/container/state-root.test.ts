import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Statx } from '../../../spec/kernel.js';
import { slot } from '../../program/operand.js';
import { createLaunch } from '../launch/launch.js';
import { inputOf } from '../test/input.js';
import { type Outside, walk } from '../test/walk.js';
import { openStateRoot } from './state-root.js';

function opened(outside: Outside) {
  const launch = createLaunch(inputOf());
  const lines = openStateRoot(launch, slot('root_fd')).flatMap(action => action.lines);
  return walk(lines, outside);
}

/** How it ends for a state root of that owner and mode, for a caller of that id. */
function trusted(owner: number, mode: number, self: number): string {
  return opened({
    memory: (_, at) => (at === Statx.UID ? owner : mode),
    call: name => (name === 'geteuid' ? self : name === 'faccessat2' ? 'ENOENT' : 0),
  }).end;
}

test('only root or the caller may own the state root, and nobody else write to it', () => {
  assert.is(trusted(0, 0o40700, 0), 'through');
  assert.is(trusted(0, 0o40755, 1000), 'through');
  assert.is(trusted(1000, 0o40700, 1000), 'through');
  assert.is(trusted(1000, 0o40700, 0), 'failed EPERM');
  assert.is(trusted(0, 0o40775, 0), 'failed EPERM');
  assert.is(trusted(0, 0o40702, 0), 'failed EPERM');
  assert.is(trusted(1000, 0o40720, 1000), 'failed EPERM');
});

test('one that is not there is made', () => {
  const { calls, end } = opened({
    call: name => (name === 'openat' || name === 'faccessat2' ? 'ENOENT' : 0),
  });
  assert.is(end, 'failed ENOENT');
  assert.is(calls.length, 2);
  let first = true;
  const made = opened({
    call: name => {
      if (name === 'faccessat2') return 'ENOENT';
      if (name !== 'openat' || !first) return 0;
      first = false;
      return 'ENOENT';
    },
  });
  assert.is(made.end, 'through');
  assert.ok(made.calls.some(call => call.startsWith('resolve(')));
});

test('an id that is there is refused', () => {
  assert.is(opened({}).end, 'failed EEXIST');
});

test.run();
