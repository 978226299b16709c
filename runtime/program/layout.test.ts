import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FIRST_FREE_SLOT, ReservedSlot, TemplateField } from '../../spec/instructions.js';
import { type Action, failedErrno, failedText, type Program, type Track } from './action.js';
import { encodeTemplate, layOut } from './layout.js';
import {
  buffer,
  bytes,
  cell,
  field,
  label,
  pointer,
  ref,
  slot,
  slots,
  struct,
  text,
  u32,
  u64,
} from './operand.js';
import { call, exit, format, jump, type Line, move, subroutine, sys, trim } from './step.js';
import { action } from './test/action.js';

const because = { kind: 'rule', rule: 'test' } as const;

function does(lines: readonly Line[], undo: readonly Line[] = []): Action {
  return action({ title: 'do', because, undo }, lines);
}

function trackOf(actions: readonly Action[], more: Partial<Track> = {}): Track {
  return { name: 'run', actions, failed: [], ...more };
}

function programOf(...tracks: readonly Track[]): Program {
  return {
    tracks,
    entries: [{ entry: 'run', track: 'run' }],
    parameters: new Map(),
    joins: false,
    arch: 'x86_64',
  };
}

const stepsOf = (lines: readonly Line[]): Program => programOf(trackOf([does(lines)]));

test('slots are numbered by first mention, behind the reserved ones', () => {
  const [one, pair, last] = [slot('one'), slots('pair', 2), slot('last')];
  const { slots: numbers, slotCount } = layOut(stepsOf([move(cell(pair, 1), 7), move(one, last)]));
  assert.is(numbers.get(pair), FIRST_FREE_SLOT);
  assert.is(numbers.get(one), FIRST_FREE_SLOT + 2);
  assert.is(numbers.get(last), FIRST_FREE_SLOT + 3);
  assert.is(slotCount, FIRST_FREE_SLOT + 4);
});

test('the reserved slots stand where the engine looks for them', () => {
  const { slots: numbers } = layOut(stepsOf([move(slot('other'), failedErrno)]));
  assert.is(numbers.get(failedErrno), ReservedSlot.FAILED_ERRNO);
  assert.is(numbers.get(failedText), ReservedSlot.FAILED_TEXT);
});

test('parameters have a slot even if no step mentions them', () => {
  const id = slots('id', 2);
  const program = { ...stepsOf([exit(0)]), parameters: new Map([['ID', id]] as const) };
  assert.is(layOut(program).slots.get(id), FIRST_FREE_SLOT);
});

test('slots that only words, pointers or first values mention are found', () => {
  const [shown, pointed, deep] = [slot('shown'), slot('pointed'), text('deep')];
  const holder = slot('holder', deep);
  const program = programOf(
    trackOf([
      action({ title: 'do', because, words: [field(TemplateField.DECIMAL, shown)] }, [
        sys('clock_gettime', [0, struct('timespec', [pointer(pointed), pointer(holder)])]),
      ]),
    ]),
  );
  const { slots: numbers, data } = layOut(program);
  for (const s of [shown, pointed, holder]) assert.ok(numbers.get(s) !== undefined, s.name);
  assert.ok(data.get(deep) !== undefined);
});

test('equal constants are laid down once, what steps write into is not', () => {
  const constants = [text('/proc'), text('/proc')];
  const written = [struct('fds', [u32(1), u32(2)]), struct('fds', [u32(1), u32(2)])];
  const { data } = layOut(stepsOf([...constants, ...written].map(d => sys('openat', [-100, d, 0, 0]))));
  const at = [...constants, ...written].map(d => data.get(d));
  assert.is(at[0], at[1]);
  assert.is.not(at[2], at[3]);
});

test('constants that differ in alignment only are not shared', () => {
  const [packed, aligned] = [
    bytes('value', Uint8Array.of(1, 2, 3), 1),
    bytes('value', Uint8Array.of(1, 2, 3), 8),
  ];
  const { data } = layOut(
    stepsOf([sys('write', [1, text('x'), 1]), sys('write', [1, packed, 3]), sys('write', [1, aligned, 3])]),
  );
  assert.is((data.get(aligned) ?? 1) % 8, 0);
  assert.is.not(data.get(packed), data.get(aligned));
});

test('buffers take no place in the file: they lie behind the data', () => {
  const [empty, constant, writable] = [buffer('empty', 100), text('constant'), struct('fd', [u64(1)])];
  const { data, dataSize, zeroSize } = layOut(
    stepsOf([sys('read', [0, empty, 100]), sys('chdir', [constant]), sys('socketpair', [1, 1, 0, writable])]),
  );
  assert.ok((data.get(empty) ?? 0) >= dataSize);
  assert.ok((data.get(constant) ?? dataSize) < dataSize);
  assert.ok((data.get(writable) ?? dataSize) < dataSize);
  assert.is(zeroSize, 104);
  assert.is(dataSize % 8, 0);
});

test('what is still needed after TRIM is not among the zeros, and in front of the constants', () => {
  const [lasting, constant] = [buffer('lasting', 16, true), text('constant')];
  const { data, dataSize, constantsStart } = layOut(
    stepsOf([sys('chdir', [constant]), sys('read', [0, lasting, 16]), trim()]),
  );
  const [at = -1, constantAt = -1] = [data.get(lasting), data.get(constant)];
  assert.ok(at >= 0 && at + 16 <= constantsStart);
  assert.ok(constantAt >= constantsStart && constantAt < dataSize);
});

test('no two pieces of data overlap', () => {
  const all = [
    text('a'),
    bytes('b', Uint8Array.of(1, 2, 3), 1),
    struct('c', [u64(1), pointer(text('pointed'))]),
    buffer('d', 3),
    buffer('e', 9),
    text('longer'),
  ];
  const { data, slotCount } = layOut(stepsOf(all.map(d => sys('chdir', [d]))));
  const spans = data.all.map(d => [d.at, d.at + d.size] as const).sort((a, b) => a[0] - b[0]);
  let end = slotCount * 8;
  for (const [from, to] of spans) {
    assert.ok(from >= end, `${from} is behind ${end}`);
    end = to;
  }
});

test('labels are the number of the step that follows, over the bounds of actions and tracks', () => {
  const [first, behind, other] = [label('first'), label('behind'), label('other')];
  const { labels } = layOut(
    programOf(
      trackOf([does([first, exit(0)]), does([exit(1), behind, exit(2)])]),
      trackOf([does([other, jump(first)])], { name: 'init' }),
    ),
  );
  assert.equal(
    [first, behind, other].map(l => labels.get(l)),
    [0, 2, 3],
  );
});

test('a label that stands twice is a bug', () => {
  const twice = label('twice');
  assert.throws(() => layOut(stepsOf([twice, exit(0), twice, exit(0)])), /twice stands twice/);
});

test('a failure unwinds what was made before, latest first, but not the own half', () => {
  const undo = [1, 2, 3].map(n => exit(10 + n));
  const failed = exit(1);
  const { actions, steps, tracks } = layOut(
    programOf(
      trackOf(
        [
          does([exit(0)]),
          does([exit(0)], undo.slice(0, 1)),
          does([exit(0)], undo.slice(1, 2)),
          does([exit(0)]),
          does([exit(0)], undo.slice(2)),
        ],
        { failed: [failed] },
      ),
    ),
  );
  const order = steps.slice(5).map(step => step.args[0]);
  assert.equal(order, [13, 12, 11, 1]);
  const [third, second, first, end] = [5, 6, 7, 8];
  assert.equal(
    actions.map(a => a.unwind),
    [end, end, first, second, second, null],
  );
  assert.is(third, 5, 'nothing fails behind the last action, so nothing begins there');
  assert.equal(
    tracks.map(t => [t.first, t.count]),
    [[0, 9]],
  );
});

test('undo steps belong to the action whose work they take back, the rest to the end of the track', () => {
  const { actionOf } = layOut(
    programOf(trackOf([does([exit(0)]), does([exit(0)], [exit(5)])], { failed: [exit(1), exit(2)] })),
  );
  assert.equal(actionOf, [0, 1, 1, 2, 2]);
});

test('a subroutine stands once behind all tracks, with those that it calls itself', () => {
  const inner = subroutine('inner', [move(slot('a'), 1)]);
  const outer = subroutine('outer', [call(inner)]);
  const { actionOf, tracks, subroutines, labels, actions } = layOut(
    programOf(
      trackOf([does([call(outer)]), does([call(outer), exit(0)], [call(inner)])], { failed: [exit(1)] }),
      trackOf([does([call(inner), exit(0)])], { name: 'other' }),
    ),
  );
  const [first, other] = tracks;
  assert.equal(
    subroutines.map(s => [s.subroutine, s.first, s.count]),
    [
      [outer, 7, 2],
      [inner, 9, 2],
    ],
  );
  assert.is(labels.get(inner.entry), 9);
  assert.equal([first?.count, other?.first, other?.count], [5, 5, 2]);
  assert.equal(
    actionOf.slice(7).map(a => actions[a]?.action.title),
    new Array(4).fill('subroutines'),
  );
});

test('a track without steps for its failure has no unwinding', () => {
  const { actions } = layOut(stepsOf([exit(0)]));
  assert.is(actions[0]?.unwind, null);
});

test('templates hold the slot number of a field behind its letter', () => {
  const shown = slot('shown');
  const numbers = new Map([[shown, 0x0203]]);
  assert.equal(
    [...Buffer.from(encodeTemplate(['a', field(TemplateField.DECIMAL, shown), 'é'], numbers), 'latin1')],
    [0x61, 1, 0x64, 0x03, 0x02, 0xc3, 0xa9],
  );
});

test('a byte 1 in plain text does not begin a field', () => {
  const encoded = encodeTemplate(['a\u0001d\u0004\u0000b'], new Map());
  assert.is(encoded.includes('\u0001'), false);
});

test('data that only a template or a reference needs is placed', () => {
  const [path, into] = [slot('path', text('/etc')), buffer('into', 16)];
  const step = format(into, [field(TemplateField.STRING, path)]);
  const { slots: numbers, templates, dataSize } = layOut(stepsOf([step, sys('chdir', [ref(path)])]));
  assert.ok(numbers.get(path) !== undefined);
  assert.ok((templates.get(step)?.at ?? dataSize) < dataSize);
});

test.run();
