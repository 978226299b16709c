import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as o from '../../program/operand.js';
import * as s from '../../program/step.js';
import { act, print, results, run } from './engine.js';

const AT_FDCWD = -100;
const n = (initial: number | bigint = 0) => o.slot('n', initial);

test('MOVE takes numbers, slots and the offsets of data', () => {
  const a = n();
  const b = n(-7);
  const c = n();
  const where = n();
  const data = o.buffer('data', 16);
  assert.is(
    results(
      [
        s.move(a, 0x7fff_ffff_ffff_ffffn),
        s.move(c, b),
        s.move(where, data),
        s.store('U8', o.ref(where), 3, 65),
        s.load(b, 'U32', data),
      ],
      [a, c, b],
    ),
    `9223372036854775807 -7 ${65 * 2 ** 24}`,
  );
});

test('LOAD and STORE know widths and signs', () => {
  const data = o.buffer('data', 16);
  const widths = ['U8', 'U16', 'U32', 'I32', 'U64', 'I64'] as const;
  const slots = widths.map(() => n());
  const loads = widths.map((w, i) => s.load(slots[i] ?? n(), w, data, 1));
  assert.is(results([s.store('U64', data, 1, -2n), ...loads], slots), '254 65534 4294967294 -2 -2 -2');
  const narrow = n();
  assert.is(
    results(
      [s.store('U64', data, 0, -1n), s.store('U16', data, 2, 0), s.load(narrow, 'U64', data)],
      [narrow],
    ),
    `${BigInt.asIntN(64, 0xffff_ffff_0000_ffffn)}`,
  );
});

test('LOAD and STORE beyond the data fail with EFAULT', () => {
  const data = o.buffer('data', 16);
  const far = n(1_000_000);
  const back = n(-1_000_000);
  const r = n();
  for (const step of [
    s.load(r, 'U8', data, far),
    s.load(r, 'U8', data, back),
    s.store('U64', data, far, 1),
    s.load(r, 'U64', o.ref(far)),
    s.load(r, 'U64', o.ref(n(-1))),
    s.load(r, 'U64', o.ref(n(0x7fff_ffff_ffff_ffffn)), n(0x7fff_ffff_ffff_ffffn)),
  ])
    assert.is(results([step], [r]), 'chos-runtime: do: Bad address');
});

test('ALU wraps at 64 bits', () => {
  const max = 0x7fff_ffff_ffff_ffffn;
  const min = -max - 1n;
  const cases: readonly (readonly [bigint, Parameters<typeof s.alu>[2], bigint, bigint])[] = [
    [max, 'ADD', 1n, min],
    [min, 'SUB', 1n, max],
    [0b1100n, 'AND', 0b1010n, 0b1000n],
    [0b1100n, 'OR', 0b1010n, 0b1110n],
    [0b1100n, 'XOR', 0b1010n, 0b0110n],
    [1n, 'SHL', 63n, min],
    [1n, 'SHL', 64n, 0n],
    [-1n, 'SHR', 63n, 1n],
    [max, 'MUL', 2n, -2n],
    [-7n, 'MOD', 2n, -1n],
    [min, 'MOD', -1n, 0n],
  ];
  const slots = cases.map(() => n());
  assert.is(
    results(
      cases.map(([a, op, b], i) => s.alu(slots[i] ?? n(), a, op, n(b))),
      slots,
    ),
    cases.map(c => c[3]).join(' '),
  );
  assert.is(results([s.alu(n(), 1, 'MOD', n(0))], []), 'chos-runtime: do: Numerical argument out of domain');
});

test('BRANCH and GUARD compare signed numbers', () => {
  const pairs: readonly (readonly [number, number])[] = [
    [1, 2],
    [2, 2],
    [-1, 1],
    [6, 1],
  ];
  const holds: Readonly<Record<s.Comparison, (a: number, b: number) => boolean>> = {
    EQ: (a, b) => a === b,
    NE: (a, b) => a !== b,
    LT: (a, b) => a < b,
    LE: (a, b) => a <= b,
    GT: (a, b) => a > b,
    GE: (a, b) => a >= b,
    ANY: (a, b) => (a & b) !== 0,
    NONE: (a, b) => (a & b) === 0,
    ALWAYS: () => true,
  };
  const lines: s.Line[] = [];
  const slots: o.Slot[] = [];
  const expected: number[] = [];
  for (const [name, compare] of Object.entries(holds)) {
    for (const [a, b] of pairs) {
      const taken = n(1);
      const there = o.label('there');
      lines.push(s.branch(n(a), name as s.Comparison, n(b), there), s.move(taken, 0), there);
      slots.push(taken);
      expected.push(Number(compare(a, b)));
    }
  }
  assert.is(results(lines, slots), expected.join(' '));
  assert.is(results([s.guard(1, 'EQ', 1, 95)], [n(5)]), '5');
  assert.is(results([s.guard(n(1), 'EQ', 2, 95)], []), 'chos-runtime: do: Operation not supported');
});

test('SYSCALL gives its result, a handled errno or the failure of the action', () => {
  const fd = n();
  const missing = o.label('missing');
  const open = (on: boolean) =>
    s.sys(
      'openat',
      [AT_FDCWD, o.text('/nonexistent'), 0, 0],
      on ? { to: fd, on: [['EACCES', 'ENOENT'], missing] } : { to: fd },
    );
  assert.is(results([open(true), s.move(fd, 1), missing], [fd]), '-2');
  assert.is(results([open(false)], [fd]), 'chos-runtime: do: No such file or directory');
  assert.ok(Number(results([s.sys('openat', [AT_FDCWD, o.text('/'), 0, 0], { to: fd })], [fd])) > 2);
});

test('SYSCALL arguments are checked when the call is made', () => {
  const data = o.buffer('data', 32);
  const tooLong = n(1 << 20);
  const outside = n(1 << 20);
  for (const step of [
    s.sys('write', [1, data, tooLong]),
    s.sys('write', [1, data, n(-1)]),
    s.sys('write', [1, o.ref(outside), 1]),
    s.sys('openat', [AT_FDCWD, o.ref(outside), 0, 0]),
    s.sys('openat', [AT_FDCWD, o.ref(n(-1)), 0, 0]),
    s.sys('uname', [o.ref(n(100))]),
    s.sys('execve', [o.text('/bin/true'), o.ref(n(4)), o.ref(n(8))]),
  ])
    assert.is(results([step], []), 'chos-runtime: do: Bad address');
});

test('an optional pointer may be missing', () => {
  const r = n(9);
  assert.is(results([s.sys('rt_sigprocmask', [0, o.ref(n(-1)), 0, 8], { to: r })], [r]), '0');
});

test('CALL comes back, eight deep', () => {
  const depth = n();
  const down = o.label('down');
  const done = o.label('done');
  const subroutines = (limit: number) => [
    down,
    s.alu(depth, depth, 'ADD', 1),
    s.branch(depth, 'EQ', limit, done),
    s.call(down),
    done,
    s.back(),
  ];
  assert.is(results([s.call(down)], [depth], { subroutines: subroutines(8) }), '8');
  assert.is(
    results([s.call(down)], [depth], { subroutines: subroutines(9) }),
    'chos-runtime: do: Too many levels of symbolic links',
  );
  assert.is(results([s.back()], []), 'chos-runtime: do: Protocol error');
});

test('a failure in a subroutine is one of the action that called it', () => {
  const inner = o.label('inner');
  const outer = o.label('outer');
  const { err, status } = run({
    actions: [act('first', [s.move(n(), 0)]), act('second', [s.call(outer), s.exit(0)])],
    subroutines: [outer, s.call(inner), s.back(), inner, s.fail(13), s.back()],
  });
  assert.is(err, 'chos-runtime: second: Permission denied\n');
  assert.is(status, 1);
});

test('unwinding undoes in reverse order, and what fails meanwhile is skipped', () => {
  const say = (text: string) => s.sys('write', [1, o.text(text), text.length]);
  const broken = s.sys('openat', [AT_FDCWD, o.text('/nonexistent'), 0, 0]);
  const lost = o.label('lost');
  const { out, err, status } = run({
    actions: [
      act('one', [say('1')], [say('a'), broken, say('b')]),
      act('two', [say('2')], [s.call(lost), say('c')]),
      act('three', [say('3'), s.fail(5), s.exit(0)], [say('never')]),
    ],
    subroutines: [lost, broken, s.fail(1)],
    failed: [say('.'), s.exitReporting(7)],
  });
  assert.is(out, '123cab.');
  assert.is(err, 'chos-runtime: three: Input/output error\n');
  assert.is(status, 7);
});

test('a failure without words of errno 0 is one nevertheless', () => {
  const { status } = run({ actions: [act('x', [s.fail(0)])], failed: [s.exitReporting(0)] });
  assert.is(status, 0);
  assert.is(run({ actions: [act('x', [s.fail(0)])] }).err, 'chos-runtime: x: Protocol error\n');
});

test('FAIL VERBATIM gives the whole message; FORMAT FAILURE the words', () => {
  const message = o.bytes('message', Buffer.from('as another track said\nit'));
  assert.is(
    run({ actions: [act('x', [s.failVerbatim(2, message, 24)])] }).err,
    'chos-runtime: as another track said it\n',
  );
  const buffer = o.buffer('buffer', 100);
  const length = n();
  const { out } = run({
    actions: [act('x', [s.fail(-2)])],
    failed: [s.formatFailure(buffer, length), s.sys('write', [1, buffer, length]), s.exit(0)],
  });
  assert.is(out, 'x: No such file or directory');
  assert.is(results([s.formatFailure(buffer, length)], []), 'chos-runtime: do: Invalid argument');
});

test('words that were given are said as they were then, whatever the unwinding writes in their place', () => {
  const [words, size] = [o.buffer('words', 12_000), n()];
  const later = [s.format(words, ['later, and longer'], { to: size })];
  const failed = (given: string): string =>
    run({
      actions: [act('x', [s.format(words, [given], { to: size }), s.failVerbatim(5, words, size)], later)],
    }).err;
  assert.is(failed('first'), 'chos-runtime: first\n');
  assert.match(failed('x'.repeat(9000)), /^chos-runtime: x{1000,}\.\.\.\n$/);
});

test('without an unwind step the entry track reports and ends, with the code of its last EXIT', () => {
  const actions = [act('x', [s.fail(2)])];
  const plain = run({ actions, failed: [] });
  assert.equal([plain.err, plain.status], ['chos-runtime: x: No such file or directory\n', 1]);
  // While it unwinds, FAIL ends the track.
  assert.is(run({ actions, failed: [s.fail(5), s.exitReporting(255)] }).status, 255);
});

test('EXIT PLAIN prints nothing', () => {
  const { out, err, status } = run({ actions: [act('x', [s.fail(2)])], failed: [s.exit(42)] });
  assert.equal([out, err, status], ['', '', 42]);
});

test('TRIM keeps slots, written data and constants; the zero section is zero again', () => {
  const gone = o.buffer('gone', 20_000);
  const kept = o.buffer('kept', 16, true);
  const constant = o.bytes('constant', Buffer.alloc(9000, 7));
  const slots = [n(3), n(), n(), n()] as const;
  const [slot, a, b, c] = slots;
  assert.is(
    results(
      [
        s.store('U8', gone, 9000, 5),
        s.store('U8', kept, 8, 6),
        s.move(slot, 4),
        s.trim(),
        s.load(a, 'U8', gone, 9000),
        s.load(b, 'U8', kept, 8),
        s.load(c, 'U16', constant, 8900),
      ],
      slots,
    ),
    `4 0 6 ${7 * 257}`,
  );
});

test('parameters fill their slots', () => {
  const id = o.slots('id', 2);
  const bundle = o.slots('bundle', 2, -1);
  const pidFile = { ...o.slots('pid file', 2), initial: [o.text('/default'), 8] };
  const detach = o.slot('detach', 5);
  const keep = o.slot('keep', 6);
  const args = o.slot('args', o.vector('args', ['/bin/false']));
  const stateDirectory = o.slots('state', 2);
  const line = o.buffer('line', 200);
  const length = n();
  const parameters = new Map([
    ['ID', id],
    ['BUNDLE', bundle],
    ['DETACH', detach],
    ['KEEP', keep],
    ['ARGS', args],
    ['STATE_DIR', stateDirectory],
    ['PID_FILE', pidFile],
  ] as const);
  const show = [
    s.format(
      line,
      [
        o.field('s', id),
        '|',
        o.field('b', id),
        '|',
        o.field('s', bundle),
        '|',
        o.field('d', bundle),
        '|',
        o.field('d', detach),
        '|',
        o.field('d', keep),
        '|',
        o.field('s', stateDirectory),
        '|',
        o.field('b', pidFile),
        '\n',
      ],
      { to: length },
    ),
    s.sys('write', [1, line, length]),
    s.sys('execve', [o.text('/bin/echo'), o.ref(args), o.vector('no environment', [])]),
    s.exit(1),
  ];
  const { out } = run(
    { actions: [act('x', show)], parameters },
    { values: ['ID=böx', 'DETACH=1', 'ROOT=/r', 'ARGS=echo,two,,four'] },
  );
  assert.is(out, 'böx|böx||-1|1|6|/r/böx|/default\ntwo  four\n');
});

test("the runtime's own environment is a vector", () => {
  const environ = o.slot('environ', 0);
  const { out } = run(
    {
      actions: [
        act('x', [
          s.sys('execve', [o.text('/usr/bin/env'), o.vector('args', ['env']), o.ref(environ)]),
          s.exit(1),
        ]),
      ],
      parameters: new Map([['ENVIRON', environ]]),
    },
    { environment: { ONE: '1', TWO: '2' } },
  );
  // qemu-user turns the order around.
  assert.equal(out.trimEnd().split('\n').sort(), ['ONE=1', 'TWO=2']);
});

test('an invalid program says what and where', () => {
  const { err, status } = run({ actions: [act('x', [s.sys('write', [1, o.buffer('b', 8), 4096])])] });
  assert.is(
    err,
    'chos-runtime: invalid launch program: a system call argument that does not fit in the data (step 0)\n',
  );
  assert.is(status, 1);
});

test('CHOS_STOP kills a track before its N-th step', () => {
  const lines = [...print(n(1)), ...print(n(2)), s.exit(0)];
  const { out, signal } = run({ actions: [act('x', lines)] }, { environment: { CHOS_STOP: 'host:3' } });
  assert.is(out, '1\n');
  assert.is(signal, 'SIGKILL');
  assert.is(run({ actions: [act('x', lines)] }, { environment: { CHOS_STOP: 'init:1' } }).out, '1\n2\n');
});

test('control characters of a name do not reach the terminal', () => {
  const { err } = run({ actions: [act('mount a\u001b[31m\nb\u007f', [s.fail(1)])] });
  assert.is(err, 'chos-runtime: mount a?[31m b?: Operation not permitted\n');
});

test.run();
