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
} from '../../spec/image.js';
import { ArgMode, instructions, NO_LIST, NO_SLOT, NO_STEP, STEP_SIZE } from '../../spec/instructions.js';
import { parameters } from '../../spec/parameters.js';
import { systemCalls } from '../../spec/syscalls.js';
import type { Program } from './action.js';
import { encodeTemplate, type Layout, layOut } from './layout.js';
import type { Operand, Slot } from './operand.js';
import type { Step } from './step.js';

function must<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`program refers to ${what} that it does not hold`);
  return value;
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

function words32(...values: readonly number[]): Uint8Array {
  const out = new Uint8Array(values.length * 4);
  const view = new DataView(out.buffer);
  values.forEach((v, i) => {
    view.setUint32(i * 4, v, true);
  });
  return out;
}

function slotNumber(s: Slot, layout: Layout): number {
  return must(layout.slots.get(s), `slot ${s.name}`);
}

function encodeOperand(o: Operand, layout: Layout): readonly [mode: number, value: bigint] {
  if (typeof o !== 'object') return [ArgMode.IMM, BigInt(o)];
  switch (o.kind) {
    case 'slot':
      return [ArgMode.SLOT, BigInt(slotNumber(o, layout))];
    case 'cell':
      return [ArgMode.SLOT, BigInt(slotNumber(o.slot, layout) + o.index)];
    case 'ref':
      return [ArgMode.REF, encodeOperand(o.slot, layout)[1]];
    case 'data':
      return [ArgMode.DATA, BigInt(must(layout.data.get(o), `data ${o.name}`))];
  }
}

function errnoLists(layout: Layout): { readonly table: Table; indexOf(step: Step): number } {
  const table = new Table();
  const known = new Map<string, number>();
  for (const { step } of layout.steps) {
    const key = step.errnos.join();
    if (step.errnos.length === 0 || known.has(key)) continue;
    const list = new Uint16Array([step.errnos.length, ...step.errnos.map(e => errnos[e].number)]);
    known.set(key, table.add(new Uint8Array(list.buffer)) / 2);
  }
  return { table, indexOf: step => known.get(step.errnos.join()) ?? NO_LIST };
}

function encodeStep(
  view: DataView,
  at: number,
  step: Step,
  action: number,
  layout: Layout,
  errs: number,
  trackOf: (name: string) => number,
): void {
  let modes = 0;
  const args: readonly Operand[] = step.args;
  const values = args.map((a, i) => {
    const [mode, value] = encodeOperand(a, layout);
    modes |= mode << (2 * i);
    return value;
  });
  if (step.template) {
    modes |= ArgMode.DATA << 4;
    values[2] = BigInt(must(layout.templateData.get(step), 'a template'));
    values[3] = BigInt(must(layout.templates.get(step), 'a template').length);
  }
  if (step.op === 'TRIM') values[0] = BigInt(layout.constantsStart);
  const aux =
    step.call !== null ? systemCalls[step.call].index : step.track !== null ? trackOf(step.track) : 0;
  view.setUint8(at, instructions[step.op].op);
  view.setUint8(at + 1, step.sub);
  view.setUint16(at + 2, action, true);
  view.setUint16(at + 4, step.dst ? Number(encodeOperand(step.dst, layout)[1]) : NO_SLOT, true);
  view.setUint16(at + 6, errs, true);
  view.setUint32(
    at + 8,
    step.target ? must(layout.labels.get(step.target), `label ${step.target.name}`) : NO_STEP,
    true,
  );
  view.setUint16(at + 12, modes, true);
  view.setUint16(at + 14, aux, true);
  values.forEach((v, i) => {
    view.setBigUint64(at + 16 + i * 8, BigInt.asUintN(64, v), true);
  });
}

function encodeData(layout: Layout): { readonly data: Uint8Array; readonly relocs: Table } {
  const data = new Uint8Array(layout.dataSize);
  const view = new DataView(data.buffer);
  const relocs = new Table();
  for (const [slot, index] of layout.slots) {
    slot.initial.forEach((v, i) => {
      const value = typeof v === 'object' ? must(layout.data.get(v), `data ${v.name}`) : v;
      view.setBigUint64((index + i) * 8, BigInt.asUintN(64, BigInt(value)), true);
    });
  }
  for (const [d, at] of layout.data) {
    if (at < layout.dataSize) data.set(d.bytes, at);
    for (const p of d.pointers) {
      const to =
        p.to.kind === 'slot'
          ? must(layout.slots.get(p.to), `slot ${p.to.name}`) * 8
          : must(layout.data.get(p.to), `data ${p.to.name}`);
      relocs.add(words32(at + p.at, to));
    }
  }
  for (const [step, at] of layout.templateData) data.set(must(layout.templates.get(step), 'a template'), at);
  return { data, relocs };
}

/** The image of a program; equal programs give equal bytes. */
export function encode(program: Program): Uint8Array {
  const layout = layOut(program);
  const tables = Object.fromEntries(SECTIONS.map(s => [s, new Table()])) as Record<Section, Table>;
  const counts = {} as Record<Section, number>;
  const text = new TextEncoder();

  const lists = errnoLists(layout);
  const trackNumber = (name: string): number => {
    const n = layout.tracks.findIndex(t => t.track.name === name);
    if (n < 0) throw new Error(`program has no track ${name}`);
    return n;
  };
  const steps = new Uint8Array(layout.steps.length * STEP_SIZE);
  const view = new DataView(steps.buffer);
  layout.steps.forEach(({ step, action }, i) => {
    encodeStep(view, i * STEP_SIZE, step, action, layout, lists.indexOf(step), trackNumber);
  });
  tables.steps.add(steps);

  for (const a of layout.actions) {
    const words = encodeTemplate(a.action.words, layout.slots);
    tables.actions.add(words32(tables.text.add(words), words.length, a.unwind ?? NO_STEP, 0));
  }
  tables.errnos = lists.table;
  for (const t of layout.tracks)
    tables.tracks.add(words32(t.first, t.count, tables.text.add(text.encode(`${t.track.name}\0`)), 0));
  for (const e of program.entries) {
    const n = trackNumber(e.track);
    tables.entries.add(words32(entries[e.entry] | (n << 16), must(layout.tracks[n], 'a track').first));
  }
  for (const [name, slot] of program.parameters)
    tables.params.add(words32(parameters[name].number | (must(layout.slots.get(slot), 'a slot') << 16)));
  const { data, relocs } = encodeData(layout);
  tables.data.add(data);
  tables.relocs = relocs;

  counts.steps = layout.steps.length;
  counts.actions = layout.actions.length;
  counts.tracks = layout.tracks.length;
  counts.entries = program.entries.length;
  counts.params = program.parameters.size;
  counts.relocs = relocs.size / 8;
  counts.zero = layout.zeroSize;
  for (const s of ['errnos', 'data', 'text', 'map'] as const) counts[s] = tables[s].size;

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
