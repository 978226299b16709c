/** What a program that is used again looks at before it does anything, and where it hands over. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { slot } from '../program/operand.js';
import { subroutine } from '../program/step.js';
import { insistAsBefore } from './as-before.js';
import { Frost, type FrostSensor } from './cgroups/driver.js';
import { createLaunch } from './launch/launch.js';
import { inputOf } from './test/input.js';
import { type Outside, walk } from './test/walk.js';

const hook = [{ path: '/bin/true' }];
const init = { id: 'box', pid: 77, pidStart: '4711' };

interface Case {
  readonly reused?: number;
  readonly hooks?: Readonly<Record<string, unknown>>;
  readonly frost?: number | null;
  readonly call?: NonNullable<Outside['call']>;
}

/** Alive, started then, thawed, and its directory without the mark. */
const asBefore: NonNullable<Outside['call']> = name => {
  switch (name) {
    case 'scan':
      return 4711;
    case 'wait':
      return 'ETIMEDOUT';
    case 'faccessat2':
      return 'ENOENT';
    default:
      return undefined;
  }
};

function walked({ reused = 1, hooks = {}, frost = Frost.THAWED, call = () => undefined }: Case) {
  const launch = createLaunch(inputOf({ config: { hooks } }));
  const [isReused, state] = [slot('reused'), slot('frost')];
  const sensor: FrostSensor | null = frost === null ? null : { see: subroutine('see', []), frost: state };
  const { lines } = insistAsBefore(launch, init, isReused, sensor);
  return walk(lines, {
    cells: new Map([
      [isReused, reused],
      [state, frost ?? 0],
    ]),
    call: (name, args) => call(name, args) ?? asBefore(name, args),
  });
}

const handsOver = (given: Case): boolean => {
  const { calls, end } = walked(given);
  assert.is(end, 'through');
  return calls.some(call => call.startsWith('handover'));
};

test('a program that has just been compiled looks at nothing', () => {
  assert.equal(walked({ reused: 0 }).calls, []);
});

test('as before, it goes on, and holds nothing', () => {
  const { calls } = walked({});
  assert.not.ok(calls.some(call => call.startsWith('handover')));
  assert.ok(calls.some(call => call.startsWith('pidfd_open(77')));
  assert.is(
    calls.filter(call => call.startsWith('close')).length,
    calls.filter(call => /^(openat|pidfd_open)\(/.test(call)).length,
  );
});

/** There is a /proc, and the process is not in it. */
const noLine: NonNullable<Outside['call']> = name =>
  name === 'openat' ? 'ENOENT' : name === 'faccessat2' ? 0 : undefined;

test('without its init, or with another process of that number, the compiler is asked', () => {
  assert.ok(handsOver({ call: name => (name === 'pidfd_open' ? 'ESRCH' : undefined) }));
  assert.ok(handsOver({ call: noLine }), 'not in /proc');
  assert.ok(handsOver({ call: name => (name === 'read' ? 'ESRCH' : undefined) }));
  assert.ok(handsOver({ call: name => (name === 'scan' ? 4712 : undefined) }));
  assert.ok(handsOver({ call: name => (name === 'wait' ? 0 : undefined) }), 'a zombie');
});

test('frozen, unless that is allowed', () => {
  assert.ok(handsOver({ frost: Frost.FROZEN }));
  assert.ok(handsOver({ frost: Frost.FREEZING }));
  assert.not.ok(handsOver({ frost: null }));
});

test('while hooks of its creation are at work, if it has any', () => {
  const marked: NonNullable<Outside['call']> = name => (name === 'faccessat2' ? 0 : undefined);
  for (const kind of ['prestart', 'createRuntime', 'createContainer'])
    assert.ok(handsOver({ hooks: { [kind]: hook }, call: marked }), kind);
  assert.not.ok(handsOver({ hooks: { createRuntime: hook } }));
  assert.not.ok(handsOver({ hooks: { poststart: hook }, call: marked }), 'none of those');
});

test.run();
