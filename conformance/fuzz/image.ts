/** The engine's validator, with the images that the product makes, broken: it never executes anything. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HEADER_SIZE, SECTIONS } from '../../spec/image.js';
import { STEP_SIZE } from '../../spec/instructions.js';
import { bundleKinds, makeBundle } from '../crash/bundles.js';
import { call, check, compile, type Lab } from '../crash/lab.js';
import { createRandom, type Random } from '../harness/random.js';

const BATCH = 100;
const values = [
  0, 1, 2, 3, 7, 8, 63, 64, 127, 128, 255, 4095, 4096, 65_534, 65_535, 0x7fffffff, 0x80000000, 0xfffffff8,
  0xffffffff,
] as const;

interface Range {
  readonly at: number;
  readonly size: number;
}

/** Where the words of the header are that tell places and counts: a place and a count for each section. */
const header = (section: number): number => 16 + 8 * section;

/** The bytes before the data, where the structure is; the data follow. */
function structure(image: Buffer): Range {
  const data = image.readUInt32LE(header(SECTIONS.indexOf('data')));
  return { at: HEADER_SIZE, size: Math.max(1, Math.min(data, image.length) - HEADER_SIZE) };
}

function writeSomething(random: Random, image: Buffer, at: number): void {
  const width = random.pick([1, 2, 4, 8]);
  if (at + width > image.length) return;
  const value = random.chance(60) ? random.pick(values) : random.below(2 ** 32);
  if (width === 8)
    image.writeBigInt64LE(BigInt(value) * (random.chance(30) ? -1n : random.chance(30) ? 1n << 31n : 1n), at);
  else image.writeUIntLE(value % 2 ** (8 * width), at, width);
}

function mutate(random: Random, original: Buffer): Buffer {
  let image = Buffer.from(original);
  const { at, size } = structure(original);
  const steps = original.readUInt32LE(header(SECTIONS.indexOf('steps')));
  for (let changes = 1 + random.below(3); changes > 0; changes--) {
    switch (random.below(10)) {
      case 0:
        image = image.subarray(0, random.below(image.length + 1));
        break;
      case 1:
        image = Buffer.concat([image, Buffer.alloc(1 + random.below(200_000), random.below(256))]);
        break;
      case 2: {
        // The places or counts of two sections change places.
        const [a, b] = [random.below(SECTIONS.length), random.below(SECTIONS.length)];
        const more = random.pick([0, 4]);
        if (image.length < HEADER_SIZE) break;
        const kept = image.readUInt32LE(header(a) + more);
        image.writeUInt32LE(image.readUInt32LE(header(b) + more), header(a) + more);
        image.writeUInt32LE(kept, header(b) + more);
        break;
      }
      case 3:
        if (image.length >= HEADER_SIZE)
          image.writeUInt32LE(random.pick(values), random.below(HEADER_SIZE / 4) * 4);
        break;
      case 4: {
        // A step of its own kind somewhere else.
        const count = original.readUInt32LE(header(SECTIONS.indexOf('steps')) + 4);
        const from = steps + STEP_SIZE * random.below(count);
        const to = steps + STEP_SIZE * random.below(count);
        if (Math.max(from, to) + STEP_SIZE <= image.length) image.copyWithin(to, from, from + STEP_SIZE);
        break;
      }
      case 5:
        if (image.length > 0)
          image.writeUInt8(
            (image[random.below(image.length)] ?? 0) ^ (1 << random.below(8)),
            random.below(image.length),
          );
        break;
      default:
        writeSomething(random, image, at + random.below(size));
    }
  }
  return image;
}

/** The launch and the lifecycle program of two bundles. */
async function realImages(lab: Lab): Promise<readonly Buffer[]> {
  const images: Buffer[] = [];
  for (const kind of bundleKinds.filter(({ name }) => name === 'default' || name === 'hooks')) {
    const bundle = makeBundle(lab, { ...kind, name: `image ${kind.name}` }, 'create');
    const compiled = await compile(lab, ['create', '--bundle', bundle.dir, 'id']);
    if (compiled.kind === 'report') throw new Error(compiled.message);
    const image = Buffer.from(compiled.image);
    images.push(image);
    // The program that create stores is data of the program that creates.
    for (
      let at = image.indexOf(image.subarray(0, 6), 8);
      at > 0;
      at = image.indexOf(image.subarray(0, 6), at + 8)
    )
      if (image.readUInt32LE(at + 8) <= image.length - at)
        images.push(Buffer.from(image.subarray(at, at + image.readUInt32LE(at + 8))));
  }
  return images;
}

export async function fuzzImages(
  lab: Lab,
  seed: number,
  rounds: number,
  milliseconds: number,
): Promise<void> {
  const originals = await realImages(lab);
  const validate = (images: readonly Buffer[]) => {
    const files = images.map((image, index) => {
      const file = join(lab.dir, `broken-${index}`);
      writeFileSync(file, image);
      return file;
    });
    return call(lab, [lab.debug, '--engine-validate', ...files]);
  };
  const whole = validate(originals);
  check(
    'image: what the compiler makes is valid',
    /^(valid\n){4}$/.test(whole.out) && whole.code === 0 ? [] : [whole.out],
  );
  const seen = new Map<string, number>();
  const end = performance.now() + milliseconds;
  let done = 0;
  for (; done < rounds && performance.now() < end; done += BATCH) {
    const random = createRandom((seed + done) * 2_654_435_761);
    const batch = Array.from({ length: BATCH }, () =>
      mutate(random, originals[random.below(originals.length)] ?? Buffer.alloc(0)),
    );
    const ended = validate(batch);
    const lines = ended.out.trimEnd().split('\n');
    for (const line of lines) {
      const reason = line.replace(/ \(step \d+\)/, '');
      seen.set(reason, (seen.get(reason) ?? 0) + 1);
    }
    check(`image, seed ${seed + done}`, [
      ...(ended.late ? ['it hangs'] : []),
      ...(ended.signal ? [`ended by ${ended.signal} after ${lines.length} images`] : []),
      ...(lines.length === BATCH ? [] : [`${lines.length} answers for ${BATCH} images`]),
      ...(ended.err === '' ? [] : [ended.err]),
    ]);
  }
  // A fuzzer that meets the same refusal all the time tests nothing.
  check(
    'image: many kinds of faults were met',
    seen.size >= 25 ? [] : [`only ${seen.size}: ${[...seen.keys()].join('; ')}`],
  );
  console.log(
    `image: ${done} images from seed ${seed}; ${seen.size} verdicts, valid ${seen.get('valid') ?? 0} times`,
  );
}
