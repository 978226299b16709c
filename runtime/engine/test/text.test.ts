import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as o from '../../program/operand.js';
import * as s from '../../program/step.js';
import { act, results, run } from './engine.js';

const n = (initial: number | bigint | o.Data = 0) => o.slot('n', initial);

function formatted(template: o.Template, capacity = 200): string {
  const line = o.buffer('line', capacity);
  const length = n();
  const { out, err } = run({
    actions: [
      act('format', [s.format(line, template, { to: length }), s.sys('write', [1, line, length]), s.exit(0)]),
    ],
  });
  return out + err;
}

test('FORMAT fills in fields', () => {
  assert.is(
    formatted([
      'a',
      o.field('s', n(o.text('tëxt'))),
      ' ',
      o.field('d', n(-42)),
      ' ',
      o.field('o', n(0o755)),
      ' ',
      o.field('e', n(-13)),
      ' ',
      o.field('e', n(2)),
      ' ',
      o.field('e', n(4000)),
      ' ',
      o.field('s', n(-1)),
      '%',
    ]),
    'atëxt -42 755 Permission denied No such file or directory error 4000 %',
  );
  assert.is(formatted([o.field('d', n(-0x8000_0000_0000_0000n))]), '-9223372036854775808');
  const part = { ...o.slots('part', 2), initial: [o.text('abcdef'), 3] };
  assert.is(formatted([o.field('b', part)]), 'abc');
});

test('FORMAT escapes for JSON', () => {
  const nasty = 'a"b\\c\nd\te\u0001ü/';
  assert.is(JSON.parse(formatted(['"', o.field('j', n(o.text(nasty))), '"'])), nasty);
});

test('FORMAT says times as RFC 3339', () => {
  for (const [seconds, nanoseconds] of [
    [0, 0],
    [951_782_400, 1],
    [1_709_164_799, 999_999_999],
    [1_735_689_599, 120],
    [4_102_444_800, 5],
    [-1, 0],
    [-62_135_596_800, 0],
  ] as const) {
    const time = { ...o.slots('time', 2), initial: [seconds, nanoseconds] };
    const expected = new Date(seconds * 1000).toISOString().slice(0, 19);
    assert.is(formatted([o.field('t', time)]), `${expected}.${String(nanoseconds).padStart(9, '0')}Z`);
  }
});

test('FORMAT says when text does not fit', () => {
  assert.is(formatted(['1234567'], 8), '1234567');
  assert.is(formatted(['12345678'], 8), 'chos-runtime: format: File name too long\n');
  assert.is(formatted([o.field('j', n(o.text('12345"')))], 8), '12345\\"');
  assert.is(formatted([o.field('j', n(o.text('123456"')))], 8), 'chos-runtime: format: File name too long\n');
});

test('FORMAT refuses offsets outside the data', () => {
  assert.is(formatted([o.field('s', n(1 << 24))]), 'chos-runtime: format: Bad address\n');
  assert.is(
    formatted([o.field('b', { ...o.slots('part', 2), initial: [0, 1 << 24] })]),
    'chos-runtime: format: Bad address\n',
  );
});

const bytes = o.bytes('bytes', Buffer.from('a b c  -17x 99999999999999999999\0rest'));
const length = bytes.size;

test('SCAN finds bytes', () => {
  const slots: o.Slot[] = [];
  const expected: number[] = [];
  const add = (
    how: Parameters<typeof s.scan>[0],
    input: Omit<s.ScanInput, 'buffer'>,
    value: number,
  ): s.Line => {
    const to = n();
    slots.push(to);
    expected.push(value);
    return s.scan(how, { buffer: bytes, length, ...input }, { to });
  };
  const lines = [
    add('FIND', { byte: 0x20 }, 1),
    add('FIND', { byte: 0x20, start: 2 }, 3),
    add('FIND_LAST', { byte: 0x20 }, 11),
    add('FIND_LAST', { byte: 0x61 }, 0),
    add('SKIP', { byte: 0x20, count: 3 }, 6),
    add('SKIP', { byte: 0x20, count: 1, start: 4 }, 6),
    add('LENGTH', {}, 32),
    add('LENGTH', { length: 0 }, 32),
    add('EQUAL', { length: 3, start: o.text('a b?') }, 1),
    add('EQUAL', { length: 4, start: o.text('a b?') }, 0),
  ];
  assert.is(results(lines, slots), expected.join(' '));
});

test('SCAN parses numbers and says where they end', () => {
  const r = o.slots('r', 2);
  const end = n();
  const at = o.cell(r, 1);
  assert.is(
    results([s.scan('NUMBER', { buffer: bytes, length, start: 7 }, { to: r }), s.move(end, at)], [r, end]),
    '-17 10',
  );
});

test('SCAN says what is not there', () => {
  const scan = (how: Parameters<typeof s.scan>[0], input: Omit<s.ScanInput, 'buffer'>) =>
    results([s.scan(how, { buffer: bytes, length, ...input }, { to: o.slots('r', 2) })], []);
  const missing = 'chos-runtime: do: No such file or directory';
  assert.is(scan('FIND', { byte: 0x7a }), missing);
  assert.is(scan('FIND', { byte: 0x61, start: 1 }), missing);
  assert.is(scan('FIND_LAST', { byte: 0x61, start: 1 }), missing);
  assert.is(scan('SKIP', { byte: 0x20, count: 50 }), missing);
  assert.is(scan('LENGTH', { length: 5 }), missing);
  assert.is(scan('NUMBER', { start: 0 }), 'chos-runtime: do: Invalid argument');
  assert.is(scan('NUMBER', { start: length }), 'chos-runtime: do: Invalid argument');
  assert.is(scan('NUMBER', { start: 12 }), 'chos-runtime: do: Numerical result out of range');
  assert.is(scan('FIND', { start: n(-1) }), 'chos-runtime: do: Bad address');
  assert.is(scan('FIND', { length: n(1 << 30) }), 'chos-runtime: do: Bad address');
});

test.run();
