import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { entries } from '../../spec/commands.js';
import { errnos } from '../../spec/errno.js';
import { HEADER_SIZE, IMAGE_MAGIC, IMAGE_VERSION, ImageArch, ImageFlag, SECTIONS } from '../../spec/image.js';
import {
  ArgMode,
  instructions,
  NO_LIST,
  NO_SLOT,
  NO_STEP,
  STEP_SIZE,
  TemplateField,
} from '../../spec/instructions.js';
import { parameters } from '../../spec/parameters.js';
import { systemCalls } from '../../spec/syscalls.js';
import { ANSWER_LIMIT } from '../../spec/wire.js';
import type { Program, Track } from './action.js';
import { encode, ProgramTooLarge } from './encode.js';
import {
  buffer,
  bytes,
  cell,
  field,
  label,
  type Operand,
  pointer,
  ref,
  slot,
  slots,
  struct,
  text,
  u8,
  u16,
  u32,
  u64,
  vector,
} from './operand.js';
import {
  alu,
  branch,
  exit,
  exitReporting,
  fail,
  format,
  type Line,
  load,
  move,
  resolve,
  store,
  sys,
  track,
} from './step.js';
import { action } from './test/action.js';
import { type DecodedImage, decodeImage, type ImageStep } from './test/decode-image.js';

const because = { kind: 'config', file: '/bundle/config.json', line: 41, path: 'mounts[0]' } as const;

function programOf(lines: readonly Line[], more: Partial<Program> = {}, own: Partial<Track> = {}): Program {
  return {
    tracks: [
      {
        name: 'run',
        actions: [action({ title: 'do', because }, lines)],
        failed: [],
        ...own,
      },
    ],
    entries: [{ entry: 'run', track: 'run' }],
    parameters: new Map(),
    joins: false,
    arch: 'x86_64',
    ...more,
  };
}

const imageOf = (...lines: readonly Line[]): DecodedImage => decodeImage(encode(programOf(lines)));

function stepOf(image: DecodedImage, number = 0): ImageStep {
  const found = image.steps[number];
  if (!found) throw new Error(`no step ${number}`);
  return found;
}

test('the header says what it is', () => {
  const encoded = encode(programOf([exit(0)]));
  const image = decodeImage(encoded);
  assert.is(image.magic, IMAGE_MAGIC);
  assert.is(image.version, IMAGE_VERSION);
  assert.is(image.arch, ImageArch.x86_64);
  assert.is(image.flags, 0);
  assert.is(image.size, encoded.length);
  assert.is(Buffer.from(encoded.subarray(0, 4)).toString(), 'CHOS');
});

test('architecture and flags', () => {
  const image = decodeImage(encode(programOf([exit(0)], { arch: 'aarch64', joins: true })));
  assert.is(image.arch, ImageArch.aarch64);
  assert.is(image.flags, ImageFlag.JOINS);
});

test('sections come in order, aligned, inside the image, the data on a page of its own', () => {
  const image = imageOf(sys('read', [0, buffer('in', 99), 99]), sys('chdir', [text('/')]), exit(0));
  let end = HEADER_SIZE;
  const sizes = {
    ...{ steps: STEP_SIZE, actions: 16, tracks: 16, entries: 8, params: 4, relocs: 8 },
    ...{ errnos: 1, data: 1, zero: 0, text: 1, map: 1 },
  };
  for (const name of SECTIONS) {
    const { offset, count } = image.sections[name];
    assert.is(offset % 8, 0, name);
    assert.ok(offset >= end, name);
    end = offset + count * sizes[name];
  }
  assert.ok(end <= image.size);
  assert.is(image.sections.data.offset % 4096, 0);
  assert.is(image.sections.zero.count, 104);
});

test('every field of a step is at its place', () => {
  const [result, fd, missing] = [slot('result'), slot('fd', 9), label('missing')];
  const path = text('/etc/passwd');
  const image = imageOf(
    exit(3),
    sys('openat', [fd, path, 0x80000, -1], { to: result, on: [['ENOENT', 'ENOTDIR'], missing] }),
    missing,
    exit(0),
  );
  const open = stepOf(image, 1);
  assert.is(open.op, instructions.SYSCALL.op);
  assert.is(open.sub, 0);
  assert.is(open.action, 0);
  assert.is(open.target, 2);
  assert.is(open.aux, systemCalls.openat.index);
  assert.equal(open.modes, [ArgMode.SLOT, ArgMode.DATA, 0, 0, 0, 0]);
  assert.is(image.slot(Number(open.args[0])), 9n);
  assert.is(image.text(Number(open.args[1])), '/etc/passwd');
  assert.equal(open.args.slice(2), [0x80000n, -1n, 0n, 0n]);
  assert.equal(image.errnos(open.errs), [errnos.ENOENT.number, errnos.ENOTDIR.number]);
  assert.is.not(open.dst, Number(open.args[0]));
  const end = stepOf(image, 0);
  assert.equal([end.dst, end.errs, end.target, end.args[0]], [NO_SLOT, NO_LIST, NO_STEP, 3n]);
});

test('numbers of 64 bits keep all of them', () => {
  const values: readonly (number | bigint)[] = [
    ...[0, 1, -1, -100, 0x7fffffff, 0x80000000, 0xffffffff, 0x1_0000_0000, -0x8000_0001],
    ...[Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER],
    ...[0x1234_5678_9abc_def0n, -1n, -(1n << 63n), (1n << 64n) - 1n],
  ];
  const to = slot('to');
  const image = imageOf(...values.map(v => move(to, v)));
  values.forEach((v, i) => {
    assert.is(stepOf(image, i).args[0], BigInt.asIntN(64, BigInt(v)), String(v));
  });
});

test('the modes of arguments', () => {
  const [pair, into] = [slots('pair', 2, text('x')), buffer('into', 8)];
  const show = (o: Operand): readonly [number, bigint] => {
    const { modes, args } = stepOf(imageOf(move(pair, 0), move(pair, o)), 1);
    return [modes[0] ?? -1, args[0] ?? -1n];
  };
  const [, number] = show(pair);
  assert.equal(show(5), [ArgMode.IMM, 5n]);
  assert.equal(show(cell(pair, 1)), [ArgMode.SLOT, number + 1n]);
  assert.equal(show(ref(pair)), [ArgMode.REF, number]);
  assert.equal(show(ref(cell(pair, 1))), [ArgMode.REF, number + 1n]);
  assert.is(show(into)[0], ArgMode.DATA);
});

test('LOAD, STORE, ALU and BRANCH carry their kind in sub', () => {
  const [to, memory, on] = [slot('to'), buffer('memory', 8), label('on')];
  const image = imageOf(
    load(to, 'I32', memory, 4),
    store('U16', memory, 2, to),
    alu(to, to, 'SHL', 3),
    on,
    branch(to, 'NONE', 1, on),
  );
  const subs = image.steps.map(s => [s.op, s.sub]);
  assert.equal(subs, [
    [instructions.LOAD.op, instructions.LOAD.subs.I32],
    [instructions.STORE.op, instructions.STORE.subs.U16],
    [instructions.ALU.op, instructions.ALU.subs.SHL],
    [instructions.BRANCH.op, instructions.BRANCH.subs.NONE],
  ]);
  assert.is(stepOf(image, 3).target, 3);
});

test('RESOLVE has its defaults: 0755, nothing made', () => {
  const image = imageOf(
    resolve({ root: 3, path: text('a'), make: 'like-source', flags: 5 }, { to: slot('to') }),
  );
  const step = stepOf(image);
  assert.is(step.sub, instructions.RESOLVE.subs.FOLLOW);
  assert.equal([step.args[2], step.args[3], step.args[5]], [3n, 0o755n, 5n]);
});

test('FORMAT finds its template in the data', () => {
  const [into, shown] = [buffer('into', 32), slot('shown')];
  const image = imageOf(move(shown, 1), format(into, ['n=', field(TemplateField.OCTAL, shown)]));
  const { args, modes } = stepOf(image, 1);
  assert.equal(modes.slice(0, 3), [ArgMode.DATA, ArgMode.IMM, ArgMode.DATA]);
  assert.is(args[1], 32n);
  const at = Number(args[2]);
  const template = Array.from({ length: Number(args[3]) }, (_, i) => image.memory.getUint8(at + i));
  const number = Number(stepOf(image).dst);
  assert.equal(template, [...Buffer.from('n='), 1, 'o'.charCodeAt(0), number & 0xff, number >> 8]);
});

test('equal errno lists are there once', () => {
  const next = label('next');
  const both = { on: [['EINTR', 'EAGAIN'], next] } as const;
  const image = imageOf(
    sys('close', [1], both),
    sys('close', [2], both),
    sys('close', [3], { on: [['EBADF'], next] }),
    next,
    exit(0),
  );
  const lists = image.steps.map(s => s.errs);
  assert.is(lists[0], lists[1]);
  assert.is.not(lists[0], lists[2]);
  assert.equal(image.errnos(lists[2] ?? 0), [errnos.EBADF.number]);
});

test('actions have words and the step to unwind at; tracks their steps and name', () => {
  const program = programOf([exit(0)], {}, { failed: [exitReporting(1)] });
  const image = decodeImage(encode(program));
  const [own, end] = image.actions;
  const words = Buffer.from(own?.words ?? []).toString('latin1');
  assert.is(words, 'do: \u0001e\u0000\u0000 (config.json:41 mounts[0])');
  assert.is(own?.unwind, 1);
  assert.is(end?.unwind, NO_STEP);
  assert.equal(image.tracks, [{ first: 0, count: 2, name: 'run' }]);
});

test('TRACK names the track and the step of the child', () => {
  const [begin, pid] = [label('begin'), slot('pid')];
  const program = programOf([
    track(struct('clone_args', new Array(11).fill(u64(0))), 'init', begin, { to: pid }),
  ]);
  const init: Track = {
    name: 'init',
    actions: [action({ title: 'begin', because }, [begin, exit(0)])],
    failed: [],
  };
  const image = decodeImage(encode({ ...program, tracks: [...program.tracks, init] }));
  assert.equal([stepOf(image).aux, stepOf(image).target], [1, 1]);
  assert.equal(
    image.tracks.map(t => t.name),
    ['run', 'init'],
  );
});

test('entries and parameters', () => {
  const [id, signal] = [slots('id', 2), slot('signal', 15)];
  const program = programOf([exit(signal)], {
    parameters: new Map([
      ['ID', id],
      ['SIGNAL', signal],
    ] as const),
  });
  const image = decodeImage(encode(program));
  assert.equal(image.entries, [{ entry: entries.run, track: 0, step: 0 }]);
  assert.equal(
    image.params.map(p => p.parameter),
    [parameters.ID.number, parameters.SIGNAL.number],
  );
  assert.is(image.slot(image.params[1]?.slot ?? 0), 15n);
});

test('pointers become relocations, in vectors too', () => {
  const args = vector('args', ['sh', '-c']);
  const image = imageOf(sys('execve', [text('/bin/sh'), args, args]));
  const at = Number(stepOf(image).args[1]);
  assert.equal(
    image.relocs.map(r => r.at),
    [at, at + 8],
  );
  assert.equal(
    image.relocs.map(r => image.text(r.to)),
    ['sh', '-c'],
  );
  assert.is(image.memory.getBigUint64(at + 16, true), 0n);
});

test('a pointer to a slot is the place of the slot', () => {
  const pidfd = slot('pidfd', -1);
  const image = imageOf(
    move(pidfd, 0),
    sys('capset', [struct('a', [pointer(pidfd)]), struct('b', [u64(0)])]),
  );
  assert.is(image.relocs[0]?.to, Number(stepOf(image).dst) * 8);
});

test('members of a struct have the width they say, little endian', () => {
  const members = [u8(1), u8(2), u16(0x0304), u32(0xfffffffe), u64(-1n)];
  const image = imageOf(sys('write', [1, struct('all', members), 16]));
  const at = Number(stepOf(image).args[1]);
  const found = Array.from({ length: 16 }, (_, i) => image.memory.getUint8(at + i));
  assert.equal(found, [1, 2, 4, 3, 0xfe, 0xff, 0xff, 0xff, ...new Array(8).fill(0xff)]);
});

test('slots begin with a number or the place of data', () => {
  const [number, place] = [slot('number', -1), slots('place', 2, text('here'))];
  const image = imageOf(move(number, place));
  const { dst, args } = stepOf(image);
  assert.is(image.slot(dst), -1n);
  assert.is(image.text(Number(image.slot(Number(args[0])))), 'here');
});

test('long constants keep their bytes', () => {
  const value = Uint8Array.from({ length: 1000 }, (_, i) => i & 0xff);
  const image = imageOf(sys('write', [1, bytes('long', value), value.length]));
  const at = Number(stepOf(image).args[1]);
  assert.equal(new Uint8Array(image.memory.buffer, at, 1000), value);
});

test('a step that goes to a label of no track is a bug', () => {
  assert.throws(() => encode(programOf([branch(0, 'ALWAYS', 0, label('nowhere'))])), /label nowhere/);
});

test('a track or an entry that is not there is a bug', () => {
  const begin = label('begin');
  const args = struct('clone_args', [u64(0)]);
  assert.throws(
    () => encode(programOf([begin, track(args, 'init', begin, { to: slot('pid') })])),
    /track init/,
  );
  assert.throws(() => encode(programOf([exit(0)], { entries: [{ entry: 'run', track: 'x' }] })), /track x/);
});

test('what no image can hold is said, and makes no wrong program', () => {
  const refused = (line: (index: number) => Line, count: number) => {
    let told: unknown;
    try {
      encode(programOf(Array.from({ length: count }, (_, index) => line(index))));
    } catch (error) {
      if (!(error instanceof ProgramTooLarge)) throw error;
      told = [error.of, error.most];
    }
    return told;
  };
  assert.equal(
    refused(i => move(slots(`s${i}`, 100), 0), 700),
    ['slots', NO_SLOT],
  );
  const large = text('x'.repeat(ANSWER_LIMIT));
  assert.equal(
    refused(() => move(slot('a'), large), 1),
    ['bytes', ANSWER_LIMIT],
  );
});

test('a failure keeps the errno that it is given', () => {
  const { op, args } = stepOf(imageOf(fail(errnos.EPERM.number)));
  assert.equal([op, args[0]], [instructions.FAIL.op, BigInt(errnos.EPERM.number)]);
});

test.run();
