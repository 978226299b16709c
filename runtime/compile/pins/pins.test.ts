import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ErrnoName } from '../../../spec/errno.js';
import { openFlags, STATX_ATTR_MOUNT_ROOT, Statx } from '../../../spec/kernel.js';
import { slot } from '../../program/operand.js';
import { walk } from '../test/walk.js';
import { dropEmptyPlace, lockPins, unpin } from './pins.js';

const place = { directory: '/run/pins', file: 'debian12' };
const names = (calls: readonly string[]) => calls.map(call => call.slice(0, call.indexOf('(')));
const times = (calls: readonly string[], name: string) => names(calls).filter(one => one === name).length;

/** What is there: the modes of the mounts on the directory, the uppermost last. */
function opened(stack: number[], owner = 0) {
  const lines = lockPins(place, openFlags('x86_64'), slot('pins')).flatMap(action => action.lines);
  return walk(lines, {
    memory: (_, at) =>
      at === Statx.ATTRIBUTES
        ? stack.length > 0
          ? STATX_ATTR_MOUNT_ROOT
          : 0
        : at === Statx.MODE
          ? 0o40000 + (stack.at(-1) ?? 0o755)
          : owner,
    call: (name, args) => {
      if (name === 'fsconfig' && args[2] === 'mode') stack.push(Number.parseInt(String(args[3]), 8));
      return 0;
    },
  });
}

test('the tmpfs of the pins is mounted on a carrier, and only what is missing', () => {
  const [carrier, pins] = [0o555, 0o700];
  for (const [stack, mounts] of [
    [[], 2],
    [[carrier], 1],
    [[carrier, pins], 0],
  ] as const) {
    const { calls, end } = opened([...stack]);
    assert.is(end, 'through');
    assert.is(times(calls, 'move_mount'), mounts, String(stack));
  }
});

test('a tmpfs of somebody else is not used', () => {
  assert.is(opened([0o755]).end, 'failed EPERM');
  assert.is(opened([0o555, 0o700], 1000).end, 'failed EPERM');
});

test('a generation is removed, whatever of it is there', () => {
  const lines = unpin(slot('pins'), '/run/pins/a@1', 'a@1');
  const all = ['umount2', 'unlinkat', 'unlinkat', 'unlinkat', 'unlinkat', 'unlinkat'];
  const { calls } = walk(lines, {});
  assert.equal(names(calls), all);
  assert.ok(calls.at(-1)?.includes('/run/chos-trees.public/a@1'), calls.at(-1));
  const nothing = walk(lines, { call: () => 'ENOENT' });
  assert.equal([names(nothing.calls), nothing.end], [all, 'through']);
  assert.is(walk(lines, { call: () => 'EPERM' }).end, 'failed EPERM');
});

test('the place goes with the last generation', () => {
  const drop = (size: number, answers: readonly (ErrnoName | 0)[] = []) => {
    const left = [...answers];
    return walk(dropEmptyPlace(place, slot('pins')).lines, {
      memory: () => size,
      call: name => (name === 'umount2' || name === 'unlinkat' ? left.shift() : 0),
    });
  };
  assert.equal(names(drop(60).calls), ['statx']);
  assert.equal(names(drop(40).calls), ['statx', 'close', 'umount2', 'umount2', 'unlinkat']);
  const used = drop(40, ['EBUSY']);
  assert.equal([names(used.calls), used.end], [['statx', 'close', 'umount2'], 'through']);
  const kept = drop(40, [0, 0, 'ENOTEMPTY']);
  assert.is(kept.end, 'through');
});

test.run();
