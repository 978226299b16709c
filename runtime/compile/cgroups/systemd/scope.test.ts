/** Every answer that can come, through the real engine: the launch goes on, or fails in one line. */
import { chmodSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Answer, busError, busReturn, busSignal, type Heard } from '../../bus/test/fake-bus.js';
import { listed } from './test/scope-answers.js';
import { JOB, lastDescription, members, removed, scopeRuns, sound } from './test/scope-runs.js';

const { startAndStop, base, end } = scopeRuns();
test.after(end);

test('a scope is started and stopped: by systemd itself', async () => {
  const { out, heard } = await startAndStop(sound);
  assert.is(out, 'started\nstopped\n');
  assert.equal(members(heard), ['StartTransientUnit', 'ListUnitsByNames', 'StopUnit', 'ResetFailedUnit']);
});

test('by a bus, which is greeted first', async () => {
  const { out, heard } = await startAndStop(sound, { kind: 'bus' });
  assert.is(out, 'started\nstopped\n');
  const greeting = ['Hello', 'AddMatch', 'Subscribe'];
  assert.equal(members(heard), [
    ...greeting,
    'StartTransientUnit',
    ...greeting,
    'ListUnitsByNames',
    'StopUnit',
    'ResetFailedUnit',
  ]);
});

test('what is asked: the unit, the pid, the limits', async () => {
  const resources = { memory: { limit: 65536 }, pids: { limit: 7 } };
  const { heard } = await startAndStop(sound, { config: { resources } });
  const body = heard[0]?.body ?? Buffer.alloc(0);
  assert.is(body.toString('latin1', 4, 20), 'libpod-box.scope');
  /** Behind the name and the signature of a property, at the next multiple. */
  const placeOf = (start: string, of: number): number =>
    Math.ceil((body.indexOf(start) + start.length) / of) * of;
  assert.is(body.readUInt32LE(placeOf('PIDs\0\x02au\0', 4) + 4), 4711);
  assert.is(body.readBigUInt64LE(placeOf('MemoryMax\0\x01t\0', 8)), 65536n);
  assert.is(body.readBigUInt64LE(placeOf('TasksMax\0\x01t\0', 8)), 7n);
  assert.ok(body.includes('machine.slice'));
});

const start = 'let systemd start libpod-box.scope';

/** What says that the time is over waits for that, once it was asked for this. */
const outlasting = (words: string, member: string) =>
  words.includes('within 30 seconds') ? ({ outlasts: [member, 1] } as const) : {};

const failures: readonly (readonly [name: string, answer: Answer, words: string])[] = [
  ['silence', () => [], `${start}: no answer within 30 seconds`],
  [
    'a job that never ends',
    heard => [busReturn(heard, 'o', [JOB])],
    `${start}: its job has not ended within 30 seconds`,
  ],
  [
    'the end of other jobs alone',
    heard => [busReturn(heard, 'o', [JOB]), removed(`${JOB}3`, 'done')],
    `${start}: its job has not ended within 30 seconds`,
  ],
  [
    'an answer to something else',
    heard => [busReturn({ ...heard, serial: 99 }, 'o', [JOB]), removed(JOB, 'done')],
    `${start}: no answer within 30 seconds`,
  ],
  [
    'a refusal',
    heard => [busError(heard, 'org.freedesktop.DBus.Error.AccessDenied', 'Access denied')],
    `${start}: refused: Access denied (org.freedesktop.DBus.Error.AccessDenied)`,
  ],
  ...['failed', 'timeout', 'canceled', 'dependency', 'skipped'].map(
    (result): readonly [string, Answer, string] => [
      `a job: ${result}`,
      heard => [busReturn(heard, 'o', [JOB]), removed(JOB, result)],
      `${start}: its job ended with \`${result}\``,
    ],
  ),
  ['garbage', () => [Buffer.alloc(64, 'x')], `${start}: what it answered is no message of D-Bus`],
  [
    'big endian',
    heard => {
      const message = busReturn(heard, 'o', [JOB]);
      message[0] = 'B'.charCodeAt(0);
      return [message];
    },
    `${start}: what it answered is no message of D-Bus`,
  ],
  [
    'half a message',
    (heard, socket) => {
      socket.end(busReturn(heard, 'o', [JOB]).subarray(0, 30));
      return [];
    },
    `${start}: it closed the connection`,
  ],
  [
    'the end',
    (_, socket) => {
      socket.destroy();
      return [];
    },
    `${start}: it closed the connection`,
  ],
  [
    'a text that is longer than its message',
    heard => {
      const message = busReturn(heard, 'o', [JOB]);
      message.writeUInt32LE(0x7fffffff, message.length - JOB.length - 5);
      return [message];
    },
    `${start}: what it answered is no message of D-Bus`,
  ],
  [
    'fields that are longer than their message',
    heard => {
      const message = busReturn(heard, 'o', [JOB]);
      message.writeUInt32LE(0x20000, 12);
      return [message, Buffer.alloc(0x20000)];
    },
    `${start}: what it answered is no message of D-Bus`,
  ],
  [
    'a message beyond what there may be',
    heard => {
      const message = busReturn(heard, 'o', [JOB]);
      message.writeUInt32LE(0xffffffff, 4);
      return [message];
    },
    `${start}: what it answered is no message of D-Bus`,
  ],
];

for (const [name, answer, words] of failures)
  test(`${name}: one line`, async () => {
    const { out } = await startAndStop(answer, outlasting(words, 'StartTransientUnit'));
    assert.is(out.split('\n').length, 2, out);
    assert.ok(out.includes(words), out);
  });

test('a refusal says where the unit was asked for', async () => {
  const { out } = await startAndStop(heard => [busError(heard, 'a.b.Error', 'no')]);
  assert.match(out, /refused: no \(a\.b\.Error\) \(config\.json:\d+ linux\.cgroupsPath\)/);
});

test('a job that never ends, and then nobody who lets us in: each is told for what it is', async () => {
  const { out } = await startAndStop(heard => [busReturn(heard, 'o', [JOB])], {
    hello: connection => (connection === 1 ? 'DATA\r\n' : null),
    outlasts: ['StartTransientUnit', 1],
  });
  assert.ok(out.includes(`${start}: its job has not ended within 30 seconds`), out);
  assert.ok(
    out.includes('systemd did not tell whose libpod-box.scope is: no answer within 30 seconds;'),
    out,
  );
});

test('messages of any size that are not for us are read and forgotten', async () => {
  const huge = busSignal('PropertiesChanged', 's', ['x'.repeat(3_000_000)]);
  const { out } = await startAndStop((heard, socket) => [huge, ...sound(heard, socket), huge]);
  assert.is(out, 'started\nstopped\n');
});

test('a refusal by the bus, or of who we are', async () => {
  const refusing = await startAndStop(
    (heard, socket) =>
      heard.member === 'Hello'
        ? [busError(heard, 'org.freedesktop.DBus.Error.LimitsExceeded', 'too many')]
        : sound(heard, socket),
    { kind: 'bus' },
  );
  assert.ok(
    refusing.out.includes('refused: too many (org.freedesktop.DBus.Error.LimitsExceeded)'),
    refusing.out,
  );
  const rejecting = await startAndStop(sound, { hello: 'REJECTED EXTERNAL\r\n' });
  assert.match(rejecting.out, /reach systemd at .* or .*: Permission denied/);
  const silent = await startAndStop(sound, { hello: null, outlasts: ['', 0] });
  assert.match(silent.out, /reach systemd at .*: Connection timed out/);
});

test('one in another pid namespace: our pids are those of others there', async () => {
  const { out, heard } = await startAndStop(sound, {
    within: ['unshare', '--user', '--map-root-user', '--pid', '--fork'],
  });
  assert.is(out.split('\n').length, 2, out);
  assert.match(
    out,
    /who answers is in another pid namespace, where the pid of init is that of another process/,
  );
  assert.equal(members(heard), []);
});

if (process.getuid?.() === 0)
  test('one of another user', async () => {
    chmodSync(base, 0o777);
    const { out, heard } = await startAndStop(sound, { owner: 4711 });
    assert.is(out.split('\n').length, 2, out);
    assert.match(out, /the socket is one of uid 4711, who is neither root nor its caller/);
    assert.equal(members(heard), []);
  });

const stopping: readonly (readonly [name: string, answer: Answer, words: string])[] = [
  ['says nothing', () => [], 'no answer within 30 seconds'],
  [
    'refuses',
    heard => [busError(heard, 'org.freedesktop.DBus.Error.AccessDenied', 'Access denied')],
    'refused: Access denied (org.freedesktop.DBus.Error.AccessDenied)',
  ],
  [
    'cannot',
    heard => [busReturn(heard, 'o', [JOB]), removed(JOB, 'timeout')],
    'its job ended with `timeout` (systemctl status, journalctl)',
  ],
  [
    'is slow',
    heard => [busReturn(heard, 'o', [JOB])],
    'its job has not ended within 30 seconds (systemctl list-jobs)',
  ],
];

for (const [name, answer, words] of stopping)
  test(`one that ${name} when it is to stop it: a warning that says so`, async () => {
    const { out } = await startAndStop(
      (heard, socket) => (heard.member === 'StopUnit' ? answer(heard, socket) : sound(heard, socket)),
      outlasting(words, 'StopUnit'),
    );
    assert.is(out.split('\n').length, 4, out);
    assert.ok(
      out.includes(
        `warning: systemd did not stop libpod-box.scope: ${words}; its cgroups are removed without it\n`,
      ),
      out,
    );
  });

const endings: readonly (readonly [name: string, answer: (heard: Heard) => readonly Buffer[]])[] = [
  ['is not there', heard => [listed(heard, 'libpod-box.scope', 'not-found')]],
  [
    'is of another container',
    heard => [
      listed(
        heard,
        lastDescription().replace(/\d$/, n => `${(Number(n) + 1) % 10}`),
      ),
    ],
  ],
  ['is of another program', heard => [listed(heard, 'libcrun container')]],
];

for (const [name, answer] of endings)
  test(`a unit that ${name} is not stopped`, async () => {
    const { out, heard } = await startAndStop((one, socket) =>
      one.member === 'ListUnitsByNames' ? answer(one) : sound(one, socket),
    );
    assert.is(out, 'started\nstopped\n');
    assert.equal(members(heard), ['StartTransientUnit', 'ListUnitsByNames']);
  });

test('one that an annotation has given a description is known by that', async () => {
  const annotations = { 'org.systemd.property.Description': "'mine'" };
  for (const [description, stops] of [
    ['mine', true],
    ['yours', false],
  ] as const) {
    const { out, heard } = await startAndStop(
      (one, socket) => (one.member === 'ListUnitsByNames' ? [listed(one, description)] : sound(one, socket)),
      { annotations },
    );
    assert.is(out, 'started\nstopped\n');
    assert.is(members(heard).includes('StopUnit'), stops);
  }
});

const untold: readonly (readonly [answer: (heard: Heard) => readonly Buffer[], words: string])[] = [
  [() => [], 'no answer within 30 seconds'],
  [() => [Buffer.alloc(64, 'x')], 'what it answered is no message of D-Bus'],
  [heard => [busReturn(heard, 'a(ssssssouso)', [[]])], 'what it answered is no message of D-Bus'],
  [
    heard => [busError(heard, 'org.freedesktop.DBus.Error.AccessDenied', 'Access denied')],
    'refused: Access denied (org.freedesktop.DBus.Error.AccessDenied)',
  ],
];

test('whose it is, is not to be learnt: a warning that says why, and it is not stopped', async () => {
  for (const [answer, words] of untold) {
    const { out, heard } = await startAndStop(
      (one, socket) => (one.member === 'ListUnitsByNames' ? answer(one) : sound(one, socket)),
      outlasting(words, 'ListUnitsByNames'),
    );
    assert.ok(
      out.includes(
        `warning: systemd did not tell whose libpod-box.scope is: ${words}; its cgroups are removed without it\n`,
      ),
      out,
    );
    assert.not(members(heard).includes('StopUnit'));
  }
});

test('one that is gone when it is to be stopped', async () => {
  const { out } = await startAndStop((heard, socket) =>
    heard.member === 'StopUnit'
      ? [busError(heard, 'org.freedesktop.systemd1.NoSuchUnit', 'not loaded')]
      : sound(heard, socket),
  );
  assert.is(out, 'started\nstopped\n');
});

test.run();
