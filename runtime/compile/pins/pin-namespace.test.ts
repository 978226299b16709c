import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ErrnoName } from '../../../spec/errno.js';
import { openFlags } from '../../../spec/kernel.js';
import { label, slot } from '../../program/operand.js';
import { type Outside, walk } from '../test/walk.js';
import { createMakerCells, MARK_SIZE, makePin, type NewPin } from './pin-namespace.js';

const pin: NewPin = {
  place: { directory: '/run/pins', file: 'debian12' },
  generation: 7,
  shown: 'debian12@7',
  cpus: 10,
};

function doing(kind: string, outside: Outside) {
  const actions = makePin(pin, slot('pins'), openFlags('x86_64'), createMakerCells(), label('complete'));
  return walk(actions.find(one => one.operation.kind === kind)?.lines ?? [], outside);
}

const start = (call: string): string => call.slice(0, call.indexOf('('));

/** `binds`: what bind after bind is answered; `off`: CPUs on which the process cannot be. */
function pinned(binds: readonly (ErrnoName | 0)[], off: readonly number[] = []) {
  const left = [...binds];
  let turn = 0;
  return doing('pin', {
    call: name => {
      if (name === 'recv') return MARK_SIZE;
      if (name === 'mount') return left.shift();
      return name === 'sched_setaffinity' && off.includes(turn++ % pin.cpus) ? 'EINVAL' : 0;
    },
  });
}

/** The CPUs that were chosen: byte and bit of the mask that is set at that moment. */
function chosen(calls: readonly string[]): readonly number[] {
  const mask = new Map<number, number>();
  return calls.flatMap(call => {
    const [, byte = 0, bits = 0] = /^store\(<affinity>, (\d+), (\d+)\)$/.exec(call)?.map(Number) ?? [];
    if (call.startsWith('store(')) mask.set(byte, bits);
    if (!call.startsWith('sched_setaffinity')) return [];
    return [...mask].filter(([, set]) => set !== 0).map(([at, set]) => at * 8 + Math.log2(set));
  });
}

test('a bind that the kernel takes is the only one', () => {
  const { calls, end } = pinned([0]);
  assert.is(end, 'through');
  assert.equal(calls.map(start), ['socketpair', 'track', 'close', 'recv', 'format', 'mount']);
});

test('a namespace with too low a number is made again on the next CPU that can be used', () => {
  const { calls, end } = pinned(['EINVAL', 'EINVAL', 'EINVAL', 0], [1]);
  assert.is(end, 'through');
  assert.equal(chosen(calls), [0, 1, 2, 3]);
  assert.is(calls.filter(call => start(call) === 'mount').length, 4);
  // Each maker that was made for nothing is ended.
  assert.is(calls.filter(call => start(call) === 'pidfd_send_signal').length, 3);
});

test('one CPU at a time, also behind the eighth', () => {
  const { calls } = pinned([...new Array<ErrnoName>(12).fill('EINVAL'), 0]);
  assert.equal(chosen(calls), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
});

test('after four rounds it fails', () => {
  const { calls, end } = pinned(new Array<ErrnoName>(100).fill('EINVAL'));
  assert.is(end, 'failed EINVAL');
  assert.is(calls.filter(call => start(call) === 'mount').length, 4 * pin.cpus + 1);
});

test('another errno of the bind, and a maker that fails or dies, end it at once', () => {
  assert.is(pinned(['EPERM']).end, 'failed EPERM');
  const heard = (answer: number | ErrnoName) =>
    doing('pin', { call: name => (name === 'recv' ? answer : 0) });
  assert.is(heard(0).end, 'failed ESRCH');
  assert.is(heard('ECONNRESET').end, 'failed ESRCH');
  assert.is(heard(40).end, 'failed ECHILD');
});

test('a number is given out once', () => {
  const taking = (there: boolean, record: boolean) =>
    doing('take-number', {
      call: (name, args) => {
        if (name === 'openat' && args[1] === 'debian12@7' && there) return 'EEXIST';
        return name === 'faccessat2' && !record ? 'ENOENT' : 0;
      },
    });
  const free = taking(false, false);
  assert.is(free.end, 'through');
  assert.ok(free.calls.some(call => call.startsWith('unlinkat(') && call.includes('debian12@6')));
  // The other command has made it, or has made and released it.
  assert.is(taking(true, true).end, 'left');
  assert.is(taking(true, false).end, 'failed EEXIST');
});

test('what a killed command left by that name goes', () => {
  let first = true;
  const { calls, end } = doing('make-pin-file', {
    call: (name, args) => {
      if (name !== 'openat' || args[1] !== 'debian12@7' || !first) return 0;
      first = false;
      return 'EEXIST';
    },
  });
  assert.is(end, 'through');
  assert.equal(calls.map(start).slice(0, 3), ['openat', 'umount2', 'unlinkat']);
});

test.run();
