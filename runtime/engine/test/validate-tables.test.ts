/** The validator and what is no step: the tables of an image, and images that are broken anywhere. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Section } from '../../../spec/image.js';
import { sectionAt, stepCount, valid, verdict, verdicts } from './sound-image.js';

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
