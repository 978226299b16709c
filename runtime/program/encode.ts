/**
 * Program -> image (spec/image.ts). The only file that knows the byte format from the writing side.
 */
import { entries } from '../../spec/commands.js';
import { type ErrnoName, errnos } from '../../spec/errno.js';
import {
  HEADER_SIZE,
  IMAGE_MAGIC,
  IMAGE_VERSION,
  ImageArch,
  ImageFlag,
  SECTIONS,
  type Section,
  TrackFlag,
} from '../../spec/image.js';
import { ArgMode, instructions, NO_LIST, NO_SLOT, NO_STEP, STEP_SIZE } from '../../spec/instructions.js';
import { parameters } from '../../spec/parameters.js';
import { systemCalls } from '../../spec/syscalls.js';
import { ANSWER_LIMIT } from '../../spec/wire.js';
import type { Program, Track } from './action.js';
import {
  encodeTemplate,
  type Layout,
  layOut,
  type Memory,
  type PlacedAction,
  type Places,
  type Reader,
} from './layout.js';
import { binary, type Data, type Label, type Operand, type Slot } from './operand.js';
import type { Step } from './step.js';

function missing(what: string): never {
  throw new Error(`program refers to ${what} that it does not hold`);
}

function must<T>(value: T | undefined, what: string): T {
  return value === undefined ? missing(what) : value;
}

/*
 * What follows runs some thousand times, in V8's interpreter, since `create` runs it for the first and only time: no sentence is made for a
 * failure that does not happen, no function is called for what is a number, `for of` and forEach() are not used.
 */

function slotNumber(s: Slot, { slots }: Layout): number {
  return s.layout === slots.layout ? s.at : missing(`slot ${s.name}`);
}

function dataOffset(d: Data, { data }: Layout): number {
  return d.layout === data.layout ? d.at : missing(`data ${d.name}`);
}

function labelStep(l: Label, labels: Places<Label>): number {
  return l.layout === labels.layout ? l.at : missing(`label ${l.name}`);
}

/** Two halves instead of a bigint: this is where `create` spends its time. `at` counts in units of 4 bytes. */
function put64(words: Int32Array, at: number, value: number | bigint): void {
  if (typeof value === 'bigint') {
    words[at] = Number(BigInt.asIntN(32, value));
    words[at + 1] = Number(BigInt.asIntN(32, value >> 32n));
  } else {
    words[at] = value | 0;
    words[at + 1] = value === (value | 0) ? value >> 31 : Math.floor(value / 0x1_0000_0000);
  }
}

/** Lists of errnos, each laid down when it is first asked for. */
class ErrnoLists {
  readonly words: number[] = [];
  readonly #byNames = new Map<string, number>();
  readonly #byList = new Map<Step['errnos'], number>();

  indexOf(list: Step['errnos']): number {
    const known = this.#byList.get(list);
    if (known !== undefined) return known;
    const key = list.join();
    let index = this.#byNames.get(key);
    if (index === undefined) {
      index = this.words.length;
      this.#byNames.set(key, index);
      this.words.push(list.length);
      for (let i = 0; i < list.length; i++) this.words.push(errnos[list[i] as ErrnoName].number);
    }
    this.#byList.set(list, index);
    return index;
  }
}

/**
 * The records of all steps as words: the host that compiles is little endian, as both architectures are. Each step is read once, when its slots get their
 * numbers; where data are is not known then, and is filled in behind.
 */
class Records implements Reader {
  words = new Int32Array(0);
  readonly lists = new ErrnoLists();
  readonly #tracks: ReadonlyMap<string, number>;
  /** Places of words, each with the data whose offset it holds. */
  readonly #at: number[] = [];
  readonly #data: Data[] = [];
  /** Of TRIM. */
  readonly #trims: number[] = [];
  /** Of the steps with a template. */
  readonly #templates: (readonly [at: number, step: Step])[] = [];

  constructor(tracks: ReadonlyMap<string, number>) {
    this.#tracks = tracks;
  }

  begin(count: number): void {
    this.words = new Int32Array((count * STEP_SIZE) / 4);
  }

  step(step: Step, number: number, action: number, memory: Memory, labels: Places<Label>): void {
    const { words } = this;
    const { args, dst, target, template, errnos: handled } = step;
    const { layout } = memory.slots;
    const at = (number * STEP_SIZE) / 4;
    let to = NO_SLOT;
    if (dst !== null) to = dst.kind === 'slot' && dst.layout === layout ? dst.at : memory.cell(dst);
    let argModes = 0;
    for (let i = 0; i < args.length; i++) {
      const a = args[i] as Operand;
      if (a === 0) continue;
      // An index or an offset is never more than 32 bits.
      const place = at + 4 + 2 * i;
      if (typeof a !== 'object') {
        if (typeof a === 'number' && a > 0 && a <= 0x7fff_ffff) words[place] = a;
        else put64(words, place, a);
      } else if (a.kind === 'data') {
        argModes |= ArgMode.DATA << (2 * i);
        memory.found(a);
        this.#at.push(place);
        this.#data.push(a);
      } else {
        argModes |= (a.kind === 'ref' ? ArgMode.REF : ArgMode.SLOT) << (2 * i);
        words[place] = a.kind === 'slot' && a.layout === layout ? a.at : memory.cell(a);
      }
    }
    if (template !== null) {
      memory.template(template);
      argModes |= ArgMode.DATA << 4;
      this.#templates.push([at, step]);
    }
    if (step.op === 'TRIM') this.#trims.push(at);
    const aux =
      step.call !== null
        ? systemCalls[step.call].index
        : step.track !== null
          ? must(this.#tracks.get(step.track), `track ${step.track}`)
          : 0;
    words[at] = instructions[step.op].op | (step.sub << 8) | (action << 16);
    words[at + 1] = to | ((handled.length === 0 ? NO_LIST : this.lists.indexOf(handled)) << 16);
    words[at + 2] = target === null ? NO_STEP : labelStep(target, labels);
    words[at + 3] = argModes | (aux << 16);
  }

  fillIn(layout: Layout): void {
    const { words } = this;
    for (let i = 0; i < this.#at.length; i++)
      words[this.#at[i] as number] = dataOffset(this.#data[i] as Data, layout);
    for (const [at, step] of this.#templates) {
      const placed = must(layout.templates.get(step), 'a template');
      words[at + 8] = placed.at;
      words[at + 10] = placed.encoded.length;
    }
    for (const at of this.#trims) words[at + 4] = layout.constantsStart;
  }
}

/** With what a track ends where nothing unwinds: with the code with which it ends after a failure. */
function failureCode({ failed }: Track): number {
  for (const line of [...failed].reverse()) {
    const [code] = line.kind === 'step' && line.op === 'EXIT' ? line.args : [];
    if (typeof code === 'number') return code;
  }
  return 1;
}

/** The texts of a program, one behind the other. */
class Texts {
  all = '';
  add(text: string): number {
    const at = this.all.length;
    this.all += `${text}\0`;
    return at;
  }
  addName(name: string): number {
    return this.add(binary(name));
  }
}

function encodeActions(layout: Layout, texts: Texts): number[] {
  const records: number[] = [];
  for (let i = 0; i < layout.actions.length; i++) {
    const { action, count, unwind } = layout.actions[i] as PlacedAction;
    // What does nothing cannot fail: it is there for explain.
    const words = count + action.undo.length === 0 ? '' : encodeTemplate(action.words, layout.slots);
    records.push(texts.add(words), words.length, unwind ?? NO_STEP, 0);
  }
  return records;
}

function encodeTracks(layout: Layout, texts: Texts): number[] {
  const records: number[] = [];
  for (const { track, first, count } of layout.tracks)
    records.push(first, count, texts.addName(track.name), failureCode(track) << 16);
  const [shared] = layout.subroutines;
  if (shared !== undefined) {
    const count = layout.steps.length - shared.first;
    records.push(shared.first, count, texts.addName('subroutines'), TrackFlag.SHARED);
  }
  return records;
}

function encodeRelocations(layout: Layout): number[] {
  const records: number[] = [];
  const { all } = layout.data;
  for (let i = 0; i < all.length; i++) {
    const { at, pointers } = all[i] as Data;
    for (let n = 0; n < pointers.length; n++) {
      const p = pointers[n] as Data['pointers'][number];
      const to = p.to.kind === 'slot' ? slotNumber(p.to, layout) * 8 : dataOffset(p.to, layout);
      records.push(at + p.at, to);
    }
  }
  return records;
}

/** `data`: the section, all zero. */
function encodeData(data: Buffer, layout: Layout): void {
  const cells = new Int32Array(data.buffer, data.byteOffset, layout.slotCount * 2);
  const slots = layout.slots.all;
  for (let n = 0; n < slots.length; n++) {
    const { at, initial } = slots[n] as Slot;
    for (let i = 0; i < initial.length; i++) {
      const value = initial[i] as Slot['initial'][number];
      if (value !== 0)
        put64(cells, (at + i) * 2, typeof value === 'object' ? dataOffset(value, layout) : value);
    }
  }
  const { all } = layout.data;
  for (let n = 0; n < all.length; n++) {
    const { bytes, at } = all[n] as Data;
    if (typeof bytes === 'string') data.write(bytes, at, 'latin1');
    else if (bytes.length > 0 && at < layout.dataSize) data.set(bytes, at);
  }
  for (const { encoded, at } of layout.templates.values()) data.write(encoded, at, 'latin1');
}

const align = (n: number, to: number): number => Math.ceil(n / to) * to;

/** What a section holds: words of four bytes, of two, or what is written into the image itself; and how much of it there is by its own count. */
interface Content {
  readonly size: number;
  readonly count: number;
  readonly words?: ArrayLike<number>;
  readonly halves?: readonly number[];
}

const records = (words: readonly number[], each: number): Content => ({
  size: words.length * 4,
  count: words.length / each,
  words,
});

/** A program that no image can hold. Known by its name: there is one such class in each bundle. */
export class ProgramTooLarge extends Error {
  override readonly name = 'ProgramTooLarge';
  readonly of: 'slots' | 'actions' | 'bytes';
  readonly count: number;
  readonly most: number;

  constructor(of: ProgramTooLarge['of'], count: number, most: number) {
    super(`${count} ${of}`);
    this.of = of;
    this.count = count;
    this.most = most;
  }
}

function atMost(of: ProgramTooLarge['of'], count: number, most: number): void {
  if (count > most) throw new ProgramTooLarge(of, count, most);
}

/** The image of a program; equal programs give equal bytes. Throws ProgramTooLarge. */
export function encode(program: Program): Uint8Array {
  const trackNumbers = new Map(program.tracks.map(({ name }, i) => [name, i]));
  const read = new Records(trackNumbers);
  const layout = layOut(program, read);
  // Steps hold these in 16 bits; a number that wraps would be a program that does something else.
  atMost('slots', layout.slotCount, NO_SLOT);
  atMost('actions', layout.actions.length, 0xffff);
  read.fillIn(layout);
  const texts = new Texts();
  const actions = encodeActions(layout, texts);
  const tracks = encodeTracks(layout, texts);
  const entryWords: number[] = [];
  for (const { entry, track } of program.entries) {
    const n = must(trackNumbers.get(track), `track ${track}`);
    entryWords.push(entries[entry] | (n << 16), must(layout.tracks[n], 'a track').first);
  }
  const params: number[] = [];
  for (const [name, slot] of program.parameters)
    params.push(parameters[name].number | (slotNumber(slot, layout) << 16));
  const bytes = (size: number): Content => ({ size, count: size });
  const contents: Readonly<Record<Section, Content>> = {
    steps: { size: read.words.byteLength, count: layout.steps.length, words: read.words },
    actions: records(actions, 4),
    errnos: { ...bytes(read.lists.words.length * 2), halves: read.lists.words },
    tracks: records(tracks, 4),
    entries: records(entryWords, 2),
    params: records(params, 1),
    relocs: records(encodeRelocations(layout), 2),
    data: bytes(layout.dataSize),
    zero: { size: 0, count: layout.zeroSize },
    text: bytes(texts.all.length),
  };

  let size = HEADER_SIZE;
  const offsets = SECTIONS.map(s => {
    // The data segment is mapped by itself: it begins on a page of its own.
    const at = s === 'data' ? align(size, 4096) : size;
    size = align(at + contents[s].size, 8);
    return at;
  });
  atMost('bytes', size, ANSWER_LIMIT);
  // The rest is written where it stays: each page that is touched first costs.
  const image = Buffer.from(new ArrayBuffer(size));
  const words = new Int32Array(image.buffer);
  words[0] = IMAGE_MAGIC;
  words[1] = IMAGE_VERSION | (ImageArch[program.arch] << 16) | ((program.joins ? ImageFlag.JOINS : 0) << 24);
  words[2] = size;
  words[3] = layout.slotCount;
  for (let i = 0; i < SECTIONS.length; i++) {
    const { count, words: held, halves } = contents[SECTIONS[i] as Section];
    const at = offsets[i] as number;
    words[4 + 2 * i] = at;
    words[5 + 2 * i] = count;
    if (held !== undefined) words.set(held, at / 4);
    if (halves !== undefined) new Uint16Array(image.buffer, at).set(halves);
  }
  const startOf = (section: Section): number => offsets[SECTIONS.indexOf(section)] as number;
  const data = startOf('data');
  encodeData(image.subarray(data, data + layout.dataSize), layout);
  image.write(texts.all, startOf('text'), 'latin1');
  return image;
}
