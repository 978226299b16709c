/**
 * Program -> image (spec/image.ts). The only file that knows the byte format from the writing side.
 */
import { entries } from '../../spec/commands.js';
import { errnos } from '../../spec/errno.js';
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
import type { Program, Track } from './action.js';
import { encodeTemplate, type Layout, layOut, type PlacedStep } from './layout.js';
import { binary, type Data, type Label, type Operand, type Slot } from './operand.js';
import type { Step } from './step.js';

function missing(what: string): never {
  throw new Error(`program refers to ${what} that it does not hold`);
}

function must<T>(value: T | undefined, what: string): T {
  return value === undefined ? missing(what) : value;
}

/** Bytes and their records, growing. */
class Table {
  private chunks: Uint8Array[] = [];
  size = 0;
  add(chunk: Uint8Array): number {
    const at = this.size;
    this.chunks.push(chunk);
    this.size += chunk.length;
    return at;
  }
  copyTo(target: Uint8Array, offset: number): void {
    let at = offset;
    for (const chunk of this.chunks) {
      target.set(chunk, at);
      at += chunk.length;
    }
  }
}

function words32(values: readonly number[]): Uint8Array {
  return new Uint8Array(new Uint32Array(values).buffer);
}

/*
 * What follows runs some thousand times, in V8's interpreter, since `create` runs it for the first and only time: no sentence is made for a
 * failure that does not happen, no function is called for what is a number, `for of` and forEach() are not used.
 */

function slotNumber(s: Slot, layout: Layout): number {
  const n = layout.slots.get(s);
  return n === undefined ? missing(`slot ${s.name}`) : n;
}

function dataOffset(d: Data, layout: Layout): number {
  const at = layout.data.get(d);
  return at === undefined ? missing(`data ${d.name}`) : at;
}

/** The number that a step holds for what is not a number. */
function operandValue(o: Exclude<Operand, number | bigint>, layout: Layout): number {
  switch (o.kind) {
    case 'slot':
      return slotNumber(o, layout);
    case 'cell':
      return slotNumber(o.slot, layout) + o.index;
    case 'ref':
      return operandValue(o.slot, layout);
    case 'data':
      return dataOffset(o, layout);
  }
}

function labelStep(l: Label, layout: Layout): number {
  const n = layout.labels.get(l);
  return n === undefined ? missing(`label ${l.name}`) : n;
}

const modes = { slot: ArgMode.SLOT, cell: ArgMode.SLOT, ref: ArgMode.REF, data: ArgMode.DATA } as const;

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
function errnoLists(): { readonly table: Table; indexOf(list: Step['errnos']): number } {
  const table = new Table();
  const byNames = new Map<string, number>();
  const byList = new Map<Step['errnos'], number>();
  const add = (list: Step['errnos']): number => {
    const numbers = new Uint16Array([list.length, ...list.map(e => errnos[e].number)]);
    return table.add(new Uint8Array(numbers.buffer)) / 2;
  };
  return {
    table,
    indexOf(list) {
      const known = byList.get(list);
      if (known !== undefined) return known;
      const key = list.join();
      const index = byNames.get(key) ?? add(list);
      byNames.set(key, index);
      byList.set(list, index);
      return index;
    },
  };
}

/** A record as words: the host that compiles is little endian, as both architectures are. */
function encodeStep(
  words: Int32Array,
  number: number,
  { step, action }: PlacedStep,
  layout: Layout,
  errs: number,
  trackOf: (name: string) => number,
): void {
  const at = (number * STEP_SIZE) / 4;
  const { args } = step;
  let argModes = 0;
  for (let i = 0; i < args.length; i++) {
    const a = args[i] ?? 0;
    if (a === 0) continue;
    if (typeof a !== 'object') put64(words, at + 4 + 2 * i, a);
    else {
      argModes |= modes[a.kind] << (2 * i);
      // An index or an offset: never more than 32 bits.
      words[at + 4 + 2 * i] = operandValue(a, layout);
    }
  }
  if (step.template) {
    argModes |= ArgMode.DATA << 4;
    put64(words, at + 8, must(layout.templateData.get(step), 'a template'));
    put64(words, at + 10, must(layout.templates.get(step), 'a template').length);
  }
  if (step.op === 'TRIM') put64(words, at + 4, layout.constantsStart);
  const aux =
    step.call !== null ? systemCalls[step.call].index : step.track !== null ? trackOf(step.track) : 0;
  const dst = step.dst ? operandValue(step.dst, layout) : NO_SLOT;
  const target = step.target ? labelStep(step.target, layout) : NO_STEP;
  words[at] = instructions[step.op].op | (step.sub << 8) | (action << 16);
  words[at + 1] = dst | (errs << 16);
  words[at + 2] = target;
  words[at + 3] = argModes | (aux << 16);
}

/** With what a track ends where nothing unwinds: with the code with which it ends after a failure. */
function failureCode({ failed }: Track): number {
  for (const line of [...failed].reverse()) {
    const [code] = line.kind === 'step' && line.op === 'EXIT' ? line.args : [];
    if (typeof code === 'number') return code;
  }
  return 1;
}

function encodeData(layout: Layout): { readonly data: Uint8Array; readonly relocs: Uint8Array } {
  const data = Buffer.alloc(layout.dataSize);
  const slots = new Int32Array(data.buffer, data.byteOffset, layout.slotCount * 2);
  const relocs: number[] = [];
  layout.slots.forEach((index, slot) => {
    for (let i = 0; i < slot.initial.length; i++) {
      const value = slot.initial[i] ?? 0;
      if (value === 0) continue;
      const held = typeof value === 'object' ? dataOffset(value, layout) : value;
      put64(slots, (index + i) * 2, held);
    }
  });
  layout.data.forEach((at, d) => {
    if (typeof d.bytes === 'string') data.write(d.bytes, at, 'latin1');
    else if (d.bytes.length > 0 && at < layout.dataSize) data.set(d.bytes, at);
    for (let i = 0; i < d.pointers.length; i++) {
      const p = d.pointers[i];
      if (p === undefined) continue;
      const to = p.to.kind === 'slot' ? slotNumber(p.to, layout) * 8 : dataOffset(p.to, layout);
      relocs.push(at + p.at, to);
    }
  });
  for (const [step, at] of layout.templateData)
    data.write(must(layout.templates.get(step), 'a template'), at, 'latin1');
  return { data, relocs: words32(relocs) };
}

/** The image of a program; equal programs give equal bytes. */
export function encode(program: Program): Uint8Array {
  const layout = layOut(program);
  // Steps hold these in 16 bits; a number that wraps would be a program that does something else.
  if (layout.slotCount > NO_SLOT || layout.actions.length > 0xffff)
    throw new Error(`too large: ${layout.slotCount} slots, ${layout.actions.length} actions`);
  const tables = Object.fromEntries(SECTIONS.map(s => [s, new Table()])) as Record<Section, Table>;
  const counts = {} as Record<Section, number>;

  const lists = errnoLists();
  const trackNumber = (name: string): number => {
    const n = layout.tracks.findIndex(t => t.track.name === name);
    if (n < 0) throw new Error(`program has no track ${name}`);
    return n;
  };
  const steps = new Int32Array((layout.steps.length * STEP_SIZE) / 4);
  for (let i = 0; i < layout.steps.length; i++) {
    const placed = layout.steps[i] as PlacedStep;
    const list = placed.step.errnos;
    encodeStep(steps, i, placed, layout, list.length === 0 ? NO_LIST : lists.indexOf(list), trackNumber);
  }
  tables.steps.add(new Uint8Array(steps.buffer));

  let texts = '';
  const addText = (added: string): number => {
    texts += added;
    return texts.length - added.length;
  };
  const actions: number[] = [];
  for (const a of layout.actions) {
    // What does nothing cannot fail: it is there for explain.
    const words = a.count + a.action.undo.length === 0 ? '' : encodeTemplate(a.action.words, layout.slots);
    actions.push(addText(words), words.length, a.unwind ?? NO_STEP, 0);
  }
  tables.actions.add(words32(actions));
  tables.errnos = lists.table;
  const nameText = (name: string): number => addText(`${binary(name)}\0`);
  const tracks = layout.tracks.flatMap(t => [
    t.first,
    t.count,
    nameText(t.track.name),
    failureCode(t.track) << 16,
  ]);
  const [shared] = layout.subroutines;
  if (shared !== undefined)
    tracks.push(shared.first, layout.steps.length - shared.first, nameText('subroutines'), TrackFlag.SHARED);
  tables.tracks.add(words32(tracks));
  tables.text.add(Buffer.from(texts, 'latin1'));
  for (const e of program.entries) {
    const n = trackNumber(e.track);
    tables.entries.add(words32([entries[e.entry] | (n << 16), must(layout.tracks[n], 'a track').first]));
  }
  for (const [name, slot] of program.parameters)
    tables.params.add(words32([parameters[name].number | (must(layout.slots.get(slot), 'a slot') << 16)]));
  const { data, relocs } = encodeData(layout);
  tables.data.add(data);
  tables.relocs.add(relocs);

  counts.steps = layout.steps.length;
  counts.actions = layout.actions.length;
  counts.tracks = tracks.length / 4;
  counts.entries = program.entries.length;
  counts.params = program.parameters.size;
  counts.relocs = relocs.length / 8;
  counts.zero = layout.zeroSize;
  for (const s of ['errnos', 'data', 'text'] as const) counts[s] = tables[s].size;

  const align = (n: number): number => Math.ceil(n / 8) * 8;
  let size = HEADER_SIZE;
  const offsets = SECTIONS.map(s => {
    // The data segment is mapped by itself: it begins on a page of its own.
    const at = s === 'data' ? Math.ceil(size / 4096) * 4096 : size;
    size = align(at + tables[s].size);
    return at;
  });
  const image = new Uint8Array(size);
  const head = new DataView(image.buffer);
  head.setUint32(0, IMAGE_MAGIC, true);
  head.setUint16(4, IMAGE_VERSION, true);
  head.setUint8(6, ImageArch[program.arch]);
  head.setUint8(7, program.joins ? ImageFlag.JOINS : 0);
  head.setUint32(8, size, true);
  head.setUint32(12, layout.slotCount, true);
  SECTIONS.forEach((s, i) => {
    head.setUint32(16 + i * 8, offsets[i] ?? 0, true);
    head.setUint32(20 + i * 8, counts[s], true);
    tables[s].copyTo(image, offsets[i] ?? 0);
  });
  return image;
}
