import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Track } from '../../program/action.js';
import * as o from '../../program/operand.js';
import * as s from '../../program/step.js';
import { act, native, print, results, run } from './engine.js';

const n = (initial: number | bigint = 0) => o.slot('n', initial);
const CLONE_PIDFD = 0x1000;
const CLONE_VM = 0x100;
const SIGCHLD = 17;

/** clone_args (linux/sched.h): flags, pidfd, then exit_signal is the fifth. */
function cloneArgs(flags: number, pidfd: o.Slot): o.Data {
  const members = [o.u64(flags), o.pointer(pidfd), o.u64(0), o.u64(0), o.u64(SIGCHLD)];
  return o.struct('clone_args', [...members, ...Array.from({ length: 6 }, () => o.u64(0))]);
}

/** A child track, and the steps that start it and leave its pidfd in `pidfd`. */
function child(lines: readonly s.Line[], more: Partial<Track> = {}) {
  const entry = o.label('child');
  const pidfd = n();
  const pid = n();
  const track: Track = {
    name: 'child',
    actions: [act('be the child', [entry, ...lines])],
    failed: [],
    ...more,
  };
  return { track, pidfd, pid, start: s.track(cloneArgs(CLONE_PIDFD, pidfd), 'child', entry, { to: pid }) };
}

const only = native ? test : test.skip;

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_SEQPACKET = 5;

only('TRACK starts a process with its own memory', () => {
  const shared = n(1);
  const code = n();
  const c = child([s.alu(shared, shared, 'ADD', 6), s.exit(shared)]);
  assert.is(
    results([s.move(shared, 2), c.start, s.waitReap(c.pidfd, 5000, { to: code })], [shared, code], {
      tracks: [c.track],
    }),
    '2 8',
  );
});

only('TRACK refuses a child in our memory and pointers outside the data', () => {
  const pidfd = n();
  const start = o.label('start');
  const track: Track = {
    name: 'child',
    actions: [act('c', [start, s.exit(0)])],
    failed: [],
  };
  const attempt = (args: o.Data, before: readonly s.Line[] = []) =>
    results([...before, s.track(args, 'child', start, { to: n() })], [], { tracks: [track] });
  assert.is(attempt(cloneArgs(CLONE_VM, pidfd)), 'chos-runtime: do: Invalid argument');
  const wild = cloneArgs(CLONE_PIDFD, pidfd);
  assert.is(attempt(wild, [s.store('U64', wild, 8, 4096)]), 'chos-runtime: do: Bad address');
});

only('the child of a failing track has not failed itself', () => {
  const code = n();
  const c = child([s.exit(o.slot('failed', 0))]);
  const check = child([s.sys('openat', [-100, o.text('/nonexistent'), 0, 0]), s.exit(0)]);
  const { out } = run({
    actions: [act('x', [s.fail(2)])],
    failed: [check.start, s.waitReap(check.pidfd, 5000, { to: code }), ...print(code), s.exit(0)],
    tracks: [{ ...check.track, name: 'child' }],
  });
  assert.ok(c.track);
  assert.is(out, '1\n');
});

only('a child without an unwind step ends silently', () => {
  const code = n();
  const c = child([s.fail(2)]);
  assert.is(results([c.start, s.waitReap(c.pidfd, 5000, { to: code })], [code], { tracks: [c.track] }), '1');
});

only('WAIT REAP says exit codes, signals and when it takes too long', () => {
  const code = n();
  const dying = child([s.waitReadable(-1, 60_000, {}), s.exit(0)]);
  const reaped = n();
  const killed = [
    s.sys('pidfd_send_signal', [dying.pidfd, 9, 0, 0]),
    s.waitReap(dying.pidfd, -1, { to: reaped }),
  ];
  assert.is(results([dying.start, ...killed], [reaped], { tracks: [dying.track] }), '137');
  const pipe = o.struct('pipe', [o.u32(0), o.u32(0)]);
  const end = n();
  const byte = o.buffer('byte', 8);
  const sleeper = child([s.sys('read', [end, byte, 1]), s.exit(0)]);
  const late = o.label('late');
  assert.is(
    results(
      [
        s.sys('socketpair', [AF_UNIX, SOCK_STREAM, 0, pipe]),
        s.load(end, 'I32', pipe),
        sleeper.start,
        s.waitReap(sleeper.pidfd, 30, { to: reaped, on: [['ETIMEDOUT'], late] }),
        late,
        s.sys('pidfd_send_signal', [sleeper.pidfd, 15, 0, 0]),
        s.waitReap(sleeper.pidfd, -1, { to: code }),
      ],
      [reaped, code],
      { tracks: [sleeper.track] },
    ),
    '-110 143',
  );
});

test('WAIT READABLE says which descriptor is readable', () => {
  const first = o.struct('pipe', [o.u32(0), o.u32(0)]);
  const second = o.struct('pipe', [o.u32(0), o.u32(0)]);
  const [a, aEnd, b, bEnd] = [n(), n(), n(), n()] as const;
  const [w1, w2, w3, w4] = [n(), n(), n(), n()] as const;
  const late = o.label('late');
  assert.is(
    results(
      [
        s.sys('socketpair', [AF_UNIX, SOCK_STREAM, 0, first]),
        s.sys('socketpair', [AF_UNIX, SOCK_STREAM, 0, second]),
        s.load(a, 'I32', first),
        s.load(aEnd, 'I32', first, 4),
        s.load(b, 'I32', second),
        s.load(bEnd, 'I32', second, 4),
        s.waitReadable(a, 20, { to: w1, on: [['ETIMEDOUT'], late] }, b),
        late,
        s.sys('write', [bEnd, o.text('x'), 1]),
        s.waitReadable(a, 1000, { to: w2 }, b),
        s.sys('close', [aEnd]),
        s.waitReadable(a, -1, { to: w3 }, b),
        s.waitReadable(b, -1, { to: w4 }),
      ],
      [w1, w2, w3, w4],
    ),
    '-110 2 1 1',
  );
  assert.is(results([s.waitReadable(999, 0, {})], []), 'chos-runtime: do: Bad file descriptor');
});

test('WAIT for nothing is a pause, and without a deadline it is refused', () => {
  const paused = n();
  const over = o.label('over');
  const pause = s.waitReadable(-1, 1, { to: paused, on: [['ETIMEDOUT'], over] });
  assert.is(results([pause, over], [paused]), '-110');
  assert.is(results([s.waitReadable(-1, -1, {})], []), 'chos-runtime: do: Bad file descriptor');
});

test('SEND and RECV pass bytes and descriptors', () => {
  const pair = o.struct('pair', [o.u32(0), o.u32(0)]);
  const [left, right, memory, sent] = [n(), n(), n(), n()] as const;
  const fds = o.buffer('fds', 16);
  const got = o.buffer('got', 16);
  const received = o.slots('received', 2);
  const [count, fd] = [n(), n()] as const;
  const inbox = o.buffer('inbox', 32);
  const content = o.buffer('content', 8);
  const [flags, size] = [n(), n()] as const;
  assert.is(
    results(
      [
        s.sys('socketpair', [AF_UNIX, SOCK_SEQPACKET, 0, pair]),
        s.load(left, 'I32', pair),
        s.load(right, 'I32', pair, 4),
        s.sys('memfd_create', [o.text('memory'), 0], { to: memory }),
        s.sys('write', [memory, o.text('inside'), 6]),
        s.store('U32', fds, 0, memory),
        s.store('U32', fds, 4, 1),
        s.send(left, o.text('hello'), 5, { array: fds, count: 2 }, { to: sent }),
        s.recv(right, inbox, { to: received }, { array: got, count: 4 }),
        s.move(count, o.cell(received, 1)),
        s.load(fd, 'I32', got),
        s.sys('fcntl', [fd, 1, 0], { to: flags }),
        s.sys('pread64', [fd, content, 6, 0], { to: size }),
        s.sys('write', [1, content, size]),
        s.sys('write', [1, inbox, received]),
        s.sys('close', [left]),
        s.recv(right, inbox, { to: received }),
      ],
      [sent, count, flags, size, received],
    ),
    'insidehello5 2 1 6 0',
  );
});

// qemu-user does not say that control data was truncated.
only('RECV refuses more descriptors than it was asked for', () => {
  const pair = o.struct('pair', [o.u32(0), o.u32(0)]);
  const [left, right, next] = [n(), n(), n()] as const;
  const fds = o.struct('fds', [o.u32(1), o.u32(1), o.u32(2), o.u32(0)]);
  const got = o.buffer('got', 16);
  const r = o.slots('r', 2);
  const truncated = o.label('truncated');
  const attempt = (count: number) =>
    results(
      [
        s.sys('socketpair', [AF_UNIX, SOCK_SEQPACKET, 0, pair]),
        s.load(left, 'I32', pair),
        s.load(right, 'I32', pair, 4),
        s.send(left, o.text('x'), 1, { array: fds, count: 3 }),
        s.recv(right, got, { to: r, on: [['EMSGSIZE'], truncated] }, { array: got, count }),
        truncated,
        s.sys('dup3', [1, 50, 0]),
        s.sys('fcntl', [1, 0, 0], { to: next }),
        s.alu(next, next, 'SUB', right),
      ],
      [r, next],
    );
  assert.is(attempt(1), '-90 1');
  assert.is(attempt(3), '1 4');
});

test('SEND says EPIPE instead of dying', () => {
  const pair = o.struct('pair', [o.u32(0), o.u32(0)]);
  const [left, right] = [n(), n()] as const;
  assert.is(
    results(
      [
        s.sys('socketpair', [AF_UNIX, SOCK_SEQPACKET, 0, pair]),
        s.load(left, 'I32', pair),
        s.load(right, 'I32', pair, 4),
        s.sys('close', [right]),
        s.send(left, o.text('x'), 1),
      ],
      [],
    ),
    'chos-runtime: do: Broken pipe',
  );
});

test.run();
