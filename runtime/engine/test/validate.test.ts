import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { HEADER_SIZE, SECTIONS, type Section } from '../../../spec/image.js';
import { ArgMode, instructions, STEP_SIZE } from '../../../spec/instructions.js';
import { systemCalls } from '../../../spec/syscalls.js';
import { encode } from '../../program/encode.js';
import * as o from '../../program/operand.js';
import * as s from '../../program/step.js';
import { act, engine, imageFile, program } from './engine.js';

const n = (initial = 0) => o.slot('n', initial);

/** One step of each instruction, and one of everything else that an image can hold. */
function everything(): Buffer {
  const [a, b] = [n(1), n(2)] as const;
  const r = o.slots('r', 2);
  const id = o.slots('id', 2);
  const buffer = o.buffer('buffer', 64);
  const args = o.struct('clone_args', [o.u64(0), o.pointer(a), ...Array.from({ length: 9 }, () => o.u64(0))]);
  const [there, sub, child] = [o.label('there'), o.label('sub'), o.label('child')] as const;
  return Buffer.from(
    encode(
      program({
        actions: [
          act(
            'first',
            [
              s.sys('openat', [-100, o.text('/x'), 0, 0], { to: a, on: [['ENOENT', 'EACCES'], there] }),
              s.sys('execve', [o.text('/bin/sh'), o.vector('args', ['sh', '-c']), o.vector('none', [])]),
              s.sys('write', [1, buffer, 64]),
              s.move(a, b),
              s.load(a, 'U32', buffer, 4),
              s.store('U16', buffer, 2, a),
              s.alu(a, a, 'ADD', b),
              s.branch(a, 'EQ', b, there),
              s.call(sub),
              s.format(buffer, ['x', o.field('d', a), o.field('t', r), o.field('s', id)], { to: a }),
              s.formatFailure(buffer, a),
              s.scan('NUMBER', { buffer, length: 64 }, { to: r }),
              s.track(args, 'child', child, { to: a }),
              s.send(a, buffer, 3),
              there,
              s.recv(a, buffer, { to: r }, { array: buffer, count: 4 }),
              s.waitReadable(a, -1, { to: a }),
              s.supervise(a, -1, 1, b),
            ],
            [s.walk('REMOVE_CGROUP', [-100, o.text('/y'), 0, 100])],
          ),
          act('second', [
            s.resolve({ root: a, path: o.text('z'), how: 'PARENT' }, { to: r }),
            s.guard(a, 'EQ', 1, 5),
            s.fail(3),
            s.exit(0),
          ]),
        ],
        subroutines: [sub, s.back()],
        tracks: [{ name: 'child', actions: [act('third', [child, s.handover()])], failed: [] }],
        parameters: new Map([['ID', id]]),
      }),
    ),
  );
}

const valid = everything();
const sectionAt = (image: Buffer, name: Section) => image.readUInt32LE(16 + 8 * SECTIONS.indexOf(name));
const stepCount = valid.readUInt32LE(20 + 8 * SECTIONS.indexOf('steps'));
const stepsAt = sectionAt(valid, 'steps');

function stepOf(op: keyof typeof instructions, skip = 0): number {
  for (let i = 0, left = skip; i < stepCount; i++)
    if (valid[stepsAt + i * STEP_SIZE] === instructions[op].op && left-- === 0) return i;
  throw new Error(`no ${op}`);
}

const has = (op: number): boolean =>
  Array.from({ length: stepCount }, (_, i) => valid[stepsAt + i * STEP_SIZE]).includes(op);

function verdicts(images: readonly Buffer[]): readonly string[] {
  const { out, err, status, signal } = engine(['--engine-validate', ...images.map(imageFile)]);
  assert.equal([err, signal], ['', null]);
  const lines = out.trimEnd().split('\n');
  assert.is(lines.length, images.length);
  assert.is(status, lines.every(line => line === 'valid') ? 0 : 1);
  return lines;
}

const verdict = (change: (image: Buffer) => void): string => {
  const image = Buffer.from(valid);
  change(image);
  return verdicts([image])[0] ?? '';
};

/** Change one step. */
function broken(step: number, change: (record: Buffer) => void): string {
  return verdict(image =>
    change(image.subarray(stepsAt + step * STEP_SIZE, stepsAt + (step + 1) * STEP_SIZE)),
  );
}

test('what the assembler makes is valid', () => {
  assert.equal(verdicts([valid]), ['valid']);
});

test('a header must be one, for this machine, of the size of the file', () => {
  assert.is(
    verdict(i => i.writeUInt32LE(1, 0)),
    'not a launch program',
  );
  assert.is(
    verdict(i => i.writeUInt16LE(77, 4)),
    'made by another version of chos-runtime',
  );
  assert.is(
    verdict(i => i.writeUInt8(9, 6)),
    'made for another architecture',
  );
  assert.is(
    verdict(i => i.writeUInt32LE(i.length + 8, 8)),
    'its size is wrong',
  );
  assert.is(
    verdict(i => i.writeUInt32LE(0xffffff00, 16)),
    'a section is outside the file',
  );
  assert.is(
    verdict(i => i.writeUInt32LE(0xffffffff, 20)),
    'a section is outside the file',
  );
  assert.is(
    verdict(i => i.writeUInt32LE(0, 12)),
    'the slots are outside the data',
  );
  assert.is(
    verdict(i => i.writeUInt32LE(0xfff0, 12)),
    'the slots are outside the data',
  );
  assert.is(
    verdict(i => i.writeUInt32LE(0xffffffff, 20 + 8 * SECTIONS.indexOf('zero'))),
    'too much data',
  );
  assert.equal(verdicts([valid.subarray(0, HEADER_SIZE - 1), Buffer.alloc(0), valid.subarray(0, 4000)]), [
    'not a launch program',
    'not a launch program',
    'its size is wrong',
  ]);
});

test('instructions, variants, system calls, actions and slots must exist', () => {
  const call = stepOf('SYSCALL');
  const at = ` (step ${call})`;
  assert.is(
    broken(call, r => r.writeUInt8(0, 0)),
    `unknown instruction${at}`,
  );
  assert.is(
    broken(call, r => r.writeUInt8(200, 0)),
    `unknown instruction${at}`,
  );
  assert.is(
    broken(call, r => r.writeUInt8(2, 1)),
    `unknown variant of the instruction${at}`,
  );
  assert.is(
    broken(call, r => r.writeUInt16LE(999, 2)),
    `no such action${at}`,
  );
  assert.is(
    broken(call, r => r.writeUInt16LE(9999, 4)),
    `no such result slot${at}`,
  );
  assert.is(
    broken(call, r => r.writeUInt16LE(9999, 6)),
    `no such error list${at}`,
  );
  assert.is(
    broken(call, r => r.writeUInt16LE(1, 6)),
    `no such error list${at}`,
  );
  assert.is(
    broken(call, r => r.writeUInt16LE(Object.keys(systemCalls).length, 14)),
    `unknown system call${at}`,
  );
  const load = stepOf('LOAD');
  assert.is(
    broken(load, r => r.writeUInt8(3, 1)),
    `unknown variant of the instruction (step ${load})`,
  );
  assert.is(
    broken(load, r => r.writeUInt8(0xff, 1)),
    `unknown variant of the instruction (step ${load})`,
  );
  const move = stepOf('MOVE');
  assert.is(
    broken(move, r => r.writeBigInt64LE(9999n, 16)),
    `no such slot (step ${move})`,
  );
  assert.is(
    broken(move, r => r.writeBigInt64LE(-1n, 16)),
    `no such slot (step ${move})`,
  );
});

test('two results need two slots', () => {
  const scan = stepOf('SCAN');
  const slots = valid.readUInt32LE(12);
  assert.is(
    broken(scan, r => r.writeUInt16LE(slots - 1, 4)),
    `no such result slot (step ${scan})`,
  );
  assert.is(
    broken(stepOf('LOAD'), r => r.writeUInt16LE(slots - 1, 4)),
    'valid',
  );
});

test('targets stay in their track, and tracks do not fall through', () => {
  const branch = stepOf('BRANCH');
  const track = stepOf('TRACK');
  const child = stepCount - 1;
  const outside = 'a target outside the track';
  assert.is(valid[stepsAt + child * STEP_SIZE], instructions.HANDOVER.op);
  assert.is(
    broken(branch, r => r.writeUInt32LE(child, 8)),
    `${outside} (step ${branch})`,
  );
  assert.is(
    broken(branch, r => r.writeUInt32LE(0xffffffff, 8)),
    `${outside} (step ${branch})`,
  );
  assert.is(
    broken(stepOf('SYSCALL'), r => r.writeUInt32LE(child, 8)),
    `${outside} (step ${stepOf('SYSCALL')})`,
  );
  assert.is(
    broken(track, r => r.writeUInt32LE(0, 8)),
    `${outside} (step ${track})`,
  );
  assert.is(
    broken(track, r => r.writeUInt16LE(2, 14)),
    `no such track (step ${track})`,
  );
  assert.is(
    broken(child, r => r.writeUInt8(instructions.CALL.op, 0)),
    `a target outside the track (step ${child})`,
  );
  assert.is(
    broken(child, r => {
      r.writeUInt8(instructions.CALL.op, 0);
      r.writeUInt32LE(child, 8);
    }),
    `a track does not end (step ${child})`,
  );
});

test('every argument is held to its kind in the table of instructions', () => {
  const said = { number: 'an address in place of a number', address: 'a number in place of an address' };
  const { IMM, DATA, REF } = ArgMode;
  for (const [name, { args, op }] of Object.entries(instructions)) {
    if (name === 'SYSCALL' || !has(op)) continue;
    const step = stepOf(name as keyof typeof instructions);
    const withMode = (i: number, mode: number) =>
      broken(step, r => {
        r.writeUInt16LE((r.readUInt16LE(12) & ~(3 << (2 * i))) | (mode << (2 * i)), 12);
        r.writeBigInt64LE(1n, 16 + 8 * i);
      });
    const kinds = Object.values<string>(args).map(text => text.split(' ')[0]);
    kinds.forEach((kind, i) => {
      const about = `${name}, argument ${i}`;
      if (kind === 'number' || kind === 'number|address')
        assert.is(withMode(i, DATA), `${said.number} (step ${step})`, about);
      else if (kind === 'value')
        assert.is(withMode(i, REF), `a reference in place of a value (step ${step})`, about);
      else assert.is(withMode(i, IMM), `${said.address} (step ${step})`, about);
    });
    for (let i = kinds.length; i < 6; i++)
      assert.is(withMode(i, DATA), `an argument too many (step ${step})`, `${name}, argument ${i}`);
  }
});

test('addresses and numbers are not mixed up, and addresses are inside', () => {
  const write = stepOf('SYSCALL', 2);
  const at = ` (step ${write})`;
  const modes = (record: Buffer, value: number) => record.writeUInt16LE(value, 12);
  assert.is(
    broken(write, r => modes(r, 0)),
    `a number in place of an address${at}`,
  );
  assert.is(
    broken(write, r => modes(r, 0b101010)),
    `an address in place of a number${at}`,
  );
  assert.is(
    broken(write, r => r.writeBigInt64LE(1n << 40n, 24)),
    `an address outside the data${at}`,
  );
  assert.is(
    broken(write, r => r.writeBigInt64LE(-8n, 24)),
    `an address outside the data${at}`,
  );
  assert.is(
    broken(write, r => r.writeBigInt64LE(9999n, 32)),
    `a system call argument that does not fit in the data${at}`,
  );
  assert.is(
    broken(write, r => r.writeBigInt64LE(-1n, 32)),
    `a negative length${at}`,
  );
  const load = stepOf('LOAD');
  assert.is(
    broken(load, r => r.writeBigInt64LE(1n << 62n, 24)),
    `an access outside the data (step ${load})`,
  );
  assert.is(
    broken(load, r => r.writeBigInt64LE(-(1n << 62n), 24)),
    `an access outside the data (step ${load})`,
  );
  const fail = stepOf('FAIL');
  assert.is(
    broken(fail, r => r.writeUInt16LE(0b10 << 10, 12)),
    `an argument too many (step ${fail})`,
  );
});

test('tables must be sound', () => {
  const at = (name: Section) => sectionAt(valid, name);
  assert.is(
    verdict(i => i.writeUInt32LE(1, at('tracks'))),
    'the tracks do not cover the steps',
  );
  assert.is(
    verdict(i => i.writeUInt32LE(0, at('tracks') + 4)),
    'the tracks do not cover the steps',
  );
  assert.is(
    verdict(i => i.writeUInt32LE(99999, at('tracks') + 8)),
    'a track has no name',
  );
  assert.is(
    verdict(i => i.writeUInt32LE(99999, at('actions') + 4)),
    'the words of an action are broken',
  );
  assert.is(
    verdict(i => i.writeUInt32LE(3, at('actions') + 4)),
    'valid',
  );
  assert.is(
    verdict(i => i.writeUInt32LE(99999, at('actions') + 8)),
    'an action unwinds to no step',
  );
  assert.is(
    verdict(i => i.writeUInt16LE(5, at('entries') + 2)),
    'an entry is not in its track',
  );
  assert.is(
    verdict(i => i.writeUInt32LE(stepCount - 1, at('entries') + 4)),
    'an entry is not in its track',
  );
  assert.is(
    verdict(i => i.writeUInt16LE(500, at('params'))),
    'an unknown parameter',
  );
  assert.is(
    verdict(i => i.writeUInt16LE(valid.readUInt32LE(12) - 1, at('params') + 2)),
    'a parameter has no slot',
  );
  assert.is(
    verdict(i => i.writeUInt32LE(4, at('relocs'))),
    'a relocation outside the data',
  );
  assert.is(
    verdict(i => i.writeUInt32LE(0xfffffff8, at('relocs'))),
    'a relocation outside the data',
  );
  assert.is(
    verdict(i => i.writeUInt32LE(0x7fffffff, at('relocs') + 4)),
    'a relocation outside the data',
  );
});

/** mulberry32 */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
}

test('broken images never crash the validator', () => {
  const next = random(20_260_101);
  const interesting = [0, 1, 2, 7, 8, 0x7f, 0x80, 0xff, 0xfffe, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];
  const pick = <T>(list: readonly T[]): T => list[next() % list.length] as T;
  /** Most changes where the structure is; the data is mostly text. */
  const end = sectionAt(valid, 'data');
  const mutated = () => {
    const image = Buffer.from(valid);
    for (let changes = 1 + (next() % 4); changes > 0; changes--) {
      const at = next() % 10 === 0 ? next() % image.length : next() % end;
      const width = pick([1, 2, 4] as const);
      if (at + width > image.length) continue;
      const value = next() % 2 ? pick(interesting) : next();
      image.writeUIntLE(value % 2 ** (8 * width), at, width);
    }
    return next() % 20 === 0 ? image.subarray(0, next() % image.length) : image;
  };
  const seen = new Set<string>();
  for (let round = 0; round < 10; round++) {
    const images = Array.from({ length: 200 }, mutated);
    for (const line of verdicts(images)) seen.add(line.replace(/ \(step.*/, ''));
  }
  // A fuzzer that meets the same refusal all the time tests nothing.
  assert.ok(seen.size > 15, [...seen].join('; '));
});

test.run();
