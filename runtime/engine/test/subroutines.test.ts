/** Subroutines of all tracks: what the validator holds of them, and how they run. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SECTIONS, type Section } from '../../../spec/image.js';
import { instructions, STEP_SIZE } from '../../../spec/instructions.js';
import { encode } from '../../program/encode.js';
import * as o from '../../program/operand.js';
import * as s from '../../program/step.js';
import { act, engine, imageFile, program, run } from './engine.js';

test('only CALL leads to the subroutines of all tracks', () => {
  const called = s.subroutine('called', [s.move(o.slot('x'), 1)]);
  const child = o.label('child');
  const args = o.struct('clone_args', new Array(11).fill(o.u64(0)));
  const image = Buffer.from(
    encode(
      program({
        actions: [act('first', [s.call(called)]), act('end', [s.exit(0)])],
        tracks: [
          { name: 'child', actions: [act('second', [child, s.call(called), s.exit(0)])], failed: [] },
          {
            name: 'other',
            actions: [act('third', [s.track(args, 'child', child, { to: o.slot('pid') }), s.exit(0)])],
            failed: [],
          },
        ],
      }),
    ),
  );
  const at = (name: Section) => image.readUInt32LE(16 + 8 * SECTIONS.indexOf(name));
  const count = image.readUInt32LE(20 + 8 * SECTIONS.indexOf('steps'));
  const stepAt = (op: keyof typeof instructions): number => {
    for (let i = 0; i < count; i++)
      if (image[at('steps') + i * STEP_SIZE] === instructions[op].op) return at('steps') + i * STEP_SIZE;
    throw new Error(`no ${op}`);
  };
  const changed = (change: (i: Buffer) => void): string => {
    const copy = Buffer.from(image);
    change(copy);
    return engine(['--engine-validate', imageFile(copy)]).out.trim();
  };
  const flags = (track: number) => at('tracks') + track * 16 + 12;
  assert.is(
    changed(() => {}),
    'valid',
  );
  assert.match(
    changed(i => i.writeUInt32LE(0, flags(3))),
    'a target outside the track',
  );
  assert.is(
    changed(i => i.writeUInt32LE(2, flags(0))),
    'unknown flags of a track',
  );
  assert.is(
    changed(i => {
      i.writeUInt16LE(3, at('entries') + 2);
      i.writeUInt32LE(i.readUInt32LE(at('tracks') + 3 * 16), at('entries') + 4);
    }),
    'an entry is not in its track',
  );
  assert.is(
    changed(i => i.writeUInt32LE(count - 1, at('actions') + 8)),
    'an action unwinds into the subroutines',
  );
  assert.match(
    changed(i => i.writeUInt16LE(3, stepAt('TRACK') + 14)),
    'no such track',
  );
  assert.match(
    changed(i => i.writeUInt32LE(0, stepAt('CALL') + 8)),
    'valid',
  );
  assert.match(
    changed(i => i.writeUInt32LE(3, stepAt('CALL') + 8)),
    'a target outside the track',
  );
  assert.match(
    changed(i => {
      i.writeUInt8(instructions.BRANCH.op, stepAt('MOVE'));
      i.writeUInt16LE(0xffff, stepAt('MOVE') + 4);
      i.writeUInt32LE(0, stepAt('MOVE') + 8);
    }),
    'a target outside the track',
  );
});

test('subroutines of all tracks: calls nest, a failure is one of the caller, undo steps call them too', () => {
  const say = (text: string) => s.sys('write', [1, o.text(text), text.length]);
  const inner = s.subroutine('inner', [say('i')]);
  const outer = s.subroutine('outer', [say('o'), s.call(inner)]);
  const broken = s.subroutine('broken', [s.call(inner), s.fail(13), say('never')]);
  const { out, err, status } = run({
    actions: [act('one', [s.call(outer)], [s.call(broken), say('u')]), act('two', [s.call(broken)])],
  });
  assert.is(out, 'oiiiu');
  assert.match(err, 'two: Permission denied');
  assert.is(status, 1);
});

test.run();
