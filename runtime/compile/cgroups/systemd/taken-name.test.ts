/** A launch whose unit's name is taken: by one that has ended, which is waited for, or by one that lives, which is left alone. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Answer, busError, busReturn, type Heard } from '../../bus/test/fake-bus.js';
import { descriptionIn, listed } from './test/scope-answers.js';
import { JOB, members, removed, scopeRuns, sound } from './test/scope-runs.js';

const { startAndStop, startAndStopAnew, end } = scopeRuns();
test.after(end);

const start = 'let systemd start libpod-box.scope';
const CONTAINER = 'container of chos-runtime, number 1234567890123456789';

/** `times`: as often as a launch is told that the name is taken. */
function takenBy(
  times: number,
  listing: (heard: Heard) => readonly Buffer[],
  processes: readonly (readonly [string, number, string])[] | null = null,
): Answer {
  let refusals = 0;
  return (heard, socket) => {
    const taken = refusals < times;
    if (heard.member === 'StartTransientUnit' && taken)
      return [busError(heard, 'org.freedesktop.systemd1.UnitExists', 'Unit was already loaded.')];
    if (heard.member === 'ListUnitsByNames' && taken) {
      refusals++;
      return listing(heard);
    }
    if (heard.member === 'GetUnitProcesses')
      return processes === null
        ? [busError(heard, 'org.freedesktop.DBus.Error.UnknownMethod', 'unknown')]
        : [busReturn(heard, 'a(sus)', [processes])];
    return sound(heard, socket);
  };
}

const once = ['StartTransientUnit', 'ListUnitsByNames'];

for (const state of ['failed', 'inactive', 'deactivating'])
  test(`one that is ${state} is told to go, until it has gone`, async () => {
    const { out, heard } = await startAndStop(
      takenBy(3, one => [listed(one, 'libcrun container', 'loaded', state)]),
    );
    assert.is(out, 'started\nstopped\n');
    assert.equal(members(heard), [
      ...Array.from({ length: 3 }, () => [...once, 'ResetFailedUnit']).flat(),
      ...['StartTransientUnit', 'ListUnitsByNames', 'StopUnit', 'ResetFailedUnit'],
    ]);
  });

test('one that is gone by the time somebody asks', async () => {
  const { out } = await startAndStop(
    takenBy(1, one => [listed(one, 'libpod-box.scope', 'not-found', 'inactive')]),
  );
  assert.is(out, 'started\nstopped\n');
});

test('one that is never forgotten: one line, when the time is over', async () => {
  const { out, heard } = await startAndStop(
    takenBy(Number.POSITIVE_INFINITY, one => [listed(one, CONTAINER, 'loaded', 'inactive')]),
    { outlasts: ['StartTransientUnit', 3] },
  );
  assert.is(out.split('\n').length, 2, out);
  assert.ok(
    out.includes(
      `${start}: a unit of that name has ended, and systemd has not forgotten it within 30 seconds (systemctl status)`,
    ),
    out,
  );
  // The pauses become longer.
  const attempts = members(heard).filter(member => member === 'StartTransientUnit').length;
  assert.ok(attempts > 2 && attempts < 20, `${attempts} attempts`);
  assert.not(members(heard).includes('StopUnit'));
});

for (const [whose, description, processes] of [
  ['of another program', 'libcrun container', []],
  ['of another container that lives', CONTAINER, [['/machine.slice', 4711, 'sleep']]],
  ['of another container, and systemd does not tell its processes', CONTAINER, null],
] as const)
  test(`an active one ${whose} is left alone: one line, at once`, async () => {
    const { out, heard } = await startAndStop(
      takenBy(Number.POSITIVE_INFINITY, one => [listed(one, description)], processes),
    );
    assert.is(out.split('\n').length, 2, out);
    assert.ok(
      out.includes(`${start}: a unit of that name is active already: ${description} (systemctl status)`),
      out,
    );
    const asked = description === CONTAINER ? ['GetUnitProcesses'] : [];
    assert.equal(members(heard), [...once, ...asked]);
  });

test('an active one of a container whose processes have ended is stopped', async () => {
  let stopped = false;
  const taken = takenBy(1, one => [listed(one, CONTAINER)], []);
  const { out, heard } = await startAndStop((one, socket) => {
    if (one.member !== 'StopUnit' || stopped) return taken(one, socket);
    stopped = true;
    return [busReturn(one, 'o', [JOB]), removed(JOB, 'done')];
  });
  assert.is(out, 'started\nstopped\n');
  assert.equal(members(heard).slice(0, 6), [
    ...once,
    ...['GetUnitProcesses', 'StopUnit', 'ResetFailedUnit', 'StartTransientUnit'],
  ]);
});

test('one that is called as ours would be, by an annotation, is left alone, also by what takes the launch back', async () => {
  let called = '';
  const { out, heard } = await startAndStop((one, socket) => {
    switch (one.member) {
      case 'StartTransientUnit':
        called = descriptionIn(one);
        return [busError(one, 'org.freedesktop.systemd1.UnitExists', 'Unit was already loaded.')];
      case 'ListUnitsByNames':
        return [listed(one, called)];
      case 'GetUnitProcesses':
        return [busReturn(one, 'a(sus)', [[['/a.slice/p-x.scope', 4242, 'sleep']]])];
      default:
        return sound(one, socket);
    }
  });
  assert.match(out, /a unit of that name is active already/);
  assert.not.ok(members(heard).includes('StopUnit'), members(heard).join());
});

test('one that has ended, and systemd falls silent in a later round: the silence is told', async () => {
  const answers = (): Answer => {
    let rounds = 0;
    return (one, socket) => {
      if (one.member === 'StartTransientUnit' && ++rounds > 2) return [];
      const listing = (asked: Heard) => [listed(asked, CONTAINER, 'loaded', 'inactive')];
      return takenBy(Number.POSITIVE_INFINITY, listing)(one, socket);
    };
  };
  const { out } = await startAndStopAnew(answers, { outlasts: ['StartTransientUnit', 3] });
  assert.ok(out.includes(`${start}: no answer within 30 seconds`), out);
  assert.not.ok(out.includes('has not forgotten'), out);
});

test('silence, or a refusal, when somebody asks whose it is', async () => {
  const silent = await startAndStopAnew(() => takenBy(9, () => []), { outlasts: ['ListUnitsByNames', 1] });
  assert.ok(silent.out.includes(`${start}: no answer within 30 seconds`), silent.out);
  const refusing = await startAndStop(
    takenBy(9, one => [busError(one, 'org.freedesktop.DBus.Error.AccessDenied', 'Access denied')]),
  );
  assert.ok(refusing.out.includes(`${start}: refused: Access denied`), refusing.out);
  const garbled = await startAndStop(takenBy(9, one => [busReturn(one)]));
  assert.ok(garbled.out.includes(`${start}: what it answered is no message of D-Bus`), garbled.out);
});

test.run();
