/** A sound image with one step of each instruction, and what the validator says of changed copies of it. */
import * as assert from 'uvu/assert';
import { SECTIONS, type Section } from '../../../spec/image.js';
import { instructions, STEP_SIZE } from '../../../spec/instructions.js';
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

export const valid = everything();
export const sectionAt = (image: Buffer, name: Section) =>
  image.readUInt32LE(16 + 8 * SECTIONS.indexOf(name));
export const stepCount = valid.readUInt32LE(20 + 8 * SECTIONS.indexOf('steps'));
export const stepsAt = sectionAt(valid, 'steps');

export function stepOf(op: keyof typeof instructions, skip = 0): number {
  for (let i = 0, left = skip; i < stepCount; i++)
    if (valid[stepsAt + i * STEP_SIZE] === instructions[op].op && left-- === 0) return i;
  throw new Error(`no ${op}`);
}

export const has = (op: number): boolean =>
  Array.from({ length: stepCount }, (_, i) => valid[stepsAt + i * STEP_SIZE]).includes(op);

export function verdicts(images: readonly Buffer[]): readonly string[] {
  const { out, err, status, signal } = engine(['--engine-validate', ...images.map(imageFile)]);
  assert.equal([err, signal], ['', null]);
  const lines = out.trimEnd().split('\n');
  assert.is(lines.length, images.length);
  assert.is(status, lines.every(line => line === 'valid') ? 0 : 1);
  return lines;
}

export const verdict = (change: (image: Buffer) => void): string => {
  const image = Buffer.from(valid);
  change(image);
  return verdicts([image])[0] ?? '';
};

/** Change one step. */
export function broken(step: number, change: (record: Buffer) => void): string {
  return verdict(image =>
    change(image.subarray(stepsAt + step * STEP_SIZE, stepsAt + (step + 1) * STEP_SIZE)),
  );
}
