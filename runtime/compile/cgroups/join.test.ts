/** Which groups a process of `exec` goes into. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { slot } from '../../program/operand.js';
import { createLaunch } from '../launch/launch.js';
import { inputOf } from '../test/input.js';
import { joinGroups } from './join.js';

const v1 = {
  layout: 'v1',
  hierarchies: [{ mount: '/cg/freezer', controllers: ['freezer'], own: '/' }],
} as const;
const v2 = { layout: 'v2', unified: { mount: '/cg', controllers: ['pids'], own: '/' } } as const;

const joined = (cgroup: typeof v1 | typeof v2, directories: readonly string[]) =>
  joinGroups(createLaunch(inputOf({ facts: { cgroup } })), { directories, below: [], pid: slot('pid') }, () =>
    assert.unreachable(),
  );

test('a group of a hierarchy that is not mounted any more is not passed over: to enter it fails', () => {
  const { enter, open } = joined(v1, ['/cg/pids/box', '/cg/freezer/box']);
  assert.is(enter.length, 2);
  assert.is(open.length, 0);
});

test('on v2 the process is born in it', () => {
  const { enter, open } = joined(v2, ['/cg/box']);
  assert.is(enter.length, 0);
  assert.is(open.length, 1);
});

test('what says that it is not frozen', () => {
  assert.equal(joined(v1, ['/cg/pids/box', '/cg/freezer/box']).thawed, [
    { file: '/cg/freezer/box/freezer.state', blanks: 0, letter: 'T' },
  ]);
  assert.equal(
    joined(v2, ['/cg/box']).thawed.map(({ file }) => file),
    ['/cg/box/cgroup.freeze', '/cg/box/cgroup.events'],
  );
});

test.run();
