/**
 * Gives numbers to a program's steps, slots and data. Pure: the order of first mention decides, so equal programs give equal bytes.
 *
 * Here and in encode.ts what runs once for each step counts with an index: `create` runs this code for the first and only time, and before V8
 * has optimized it, `for of` makes an object for each turn.
 */
import { FIRST_FREE_SLOT } from '../../spec/instructions.js';
import { type Action, type Program, reservedSlots, rule, type Track } from './action.js';
import {
  binary,
  type Data,
  type Field,
  type Label,
  type Operand,
  type Slot,
  type Template,
} from './operand.js';
import type { Line, Step, Subroutine } from './step.js';

export interface PlacedStep {
  readonly step: Step;
  readonly action: number;
}

export interface PlacedTrack {
  readonly track: Track;
  readonly first: number;
  readonly count: number;
}

export interface PlacedSubroutine {
  readonly subroutine: Subroutine;
  readonly first: number;
  readonly count: number;
}

export interface PlacedAction {
  readonly action: Action;
  /** Step to go on at after a failure, or null: EXIT. */
  readonly unwind: number | null;
  readonly first: number;
  readonly count: number;
}

export interface Layout {
  readonly steps: readonly PlacedStep[];
  readonly tracks: readonly PlacedTrack[];
  /** Behind all tracks, in one that nothing but CALL enters. */
  readonly subroutines: readonly PlacedSubroutine[];
  readonly actions: readonly PlacedAction[];
  readonly labels: ReadonlyMap<Label, number>;
  readonly slots: ReadonlyMap<Slot, number>;
  readonly slotCount: number;
  readonly data: ReadonlyMap<Data, number>;
  readonly dataSize: number;
  readonly zeroSize: number;
  /** From here to the end of the data in the file nothing is ever written. */
  readonly constantsStart: number;
  readonly templates: ReadonlyMap<Step, string>;
  readonly templateData: ReadonlyMap<Step, number>;
}

/** What the steps belong to that are in no action: those that end a track, and subroutines (whose failures are their callers'). */
const closing = (title: string): Action => ({
  kind: 'action',
  operation: { kind: 'end', because: rule('end') },
  title,
  because: rule('end'),
  words: [title],
  lines: [],
  undo: [],
});

class Memory {
  readonly slots = new Map<Slot, number>(reservedSlots);
  slotCount = FIRST_FREE_SLOT;
  readonly found = new Set<Data>();

  slot(s: Slot): void {
    if (this.slots.has(s)) return;
    this.slots.set(s, this.slotCount);
    this.slotCount += s.cells;
    for (let i = 0; i < s.initial.length; i++) {
      const v = s.initial[i];
      if (typeof v === 'object') this.data(v);
    }
  }

  data(d: Data): void {
    if (this.found.has(d)) return;
    this.found.add(d);
    const { pointers } = d;
    for (let i = 0; i < pointers.length; i++) {
      const to = pointers[i]?.to;
      if (to === undefined) continue;
      if (to.kind === 'slot') this.slot(to);
      else this.data(to);
    }
  }

  operand(o: Exclude<Operand, number | bigint>): void {
    if (o.kind === 'slot') this.slot(o);
    else if (o.kind === 'cell') this.slot(o.slot);
    else if (o.kind === 'ref') this.operand(o.slot);
    else this.data(o);
  }

  template(t: Template): void {
    for (let i = 0; i < t.length; i++) {
      const part = t[i];
      if (typeof part === 'object') this.slot(part.slot);
    }
  }
}

const align8 = (n: number): number => Math.ceil(n / 8) * 8;

/**
 * A FORMAT template, one character for each byte. A byte 1 in a text of the config would begin a field, and there is no way to say it: it is
 * shown as "?".
 */
export function encodeTemplate(t: Template, slots: ReadonlyMap<Slot, number>): string {
  let out = '';
  for (let i = 0; i < t.length; i++) {
    const part = t[i] ?? '';
    if (typeof part !== 'string') out += encodeField(part, slots);
    else out += binary(part.includes('\u0001') ? part.replaceAll('\u0001', '?') : part);
  }
  return out;
}

function encodeField(f: Field, slots: ReadonlyMap<Slot, number>): string {
  const n = slots.get(f.slot);
  if (n === undefined) throw new Error(`slot ${f.slot.name} was not placed`);
  return `\x01${f.format}${String.fromCharCode(n & 0xff, n >> 8)}`;
}

/** Longer constants are not compared with each other: they are programs and files, each there once. */
const SHARED = 256;

const keyOf = (bytes: Uint8Array | string, align: number): string =>
  typeof bytes === 'string'
    ? bytes
    : `${align}:${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')}`;

/** Written-to data, data with pointers (their pages are dirtied by relocation), the rest; buffers, which are in no file. */
const rank = (d: Data): 0 | 1 | 2 | 3 => (d.zero ? 3 : !d.constant ? 0 : d.pointers.length > 0 ? 1 : 2);

export function layOut(program: Program): Layout {
  const steps: PlacedStep[] = [];
  const tracks: PlacedTrack[] = [];
  const actions: PlacedAction[] = [];
  const labels = new Map<Label, number>();

  const place = (lines: readonly Line[], action: number): void => {
    for (let i = 0; i < lines.length; i++) {
      const line = lines[i];
      if (line === undefined) continue;
      if (line.kind === 'step') steps.push({ step: line, action });
      else if (labels.has(line)) throw new Error(`label ${line.name} stands twice`);
      else labels.set(line, steps.length);
    }
  };

  /** Those that the tracks call, and those that these call. */
  const placeSubroutines = (action: number): readonly PlacedSubroutine[] => {
    const placed = new Map<Subroutine, PlacedSubroutine>();
    for (let i = 0; i < steps.length; i++) {
      const called = steps[i]?.step.subroutine;
      if (!called || placed.has(called)) continue;
      const at = steps.length;
      place(called.lines, action);
      placed.set(called, { subroutine: called, first: at, count: steps.length - at });
    }
    return [...placed.values()];
  };

  for (const track of program.tracks) {
    const first = steps.length;
    const base = actions.length;
    const spans: { first: number; count: number }[] = [];
    track.actions.forEach((a, i) => {
      const from = steps.length;
      place(a.lines, base + i);
      spans.push({ first: from, count: steps.length - from });
    });
    const end = base + track.actions.length;
    const undoStart = new Map<number, number>();
    for (let i = track.actions.length - 1; i >= 0; i--) {
      const undo = track.actions[i]?.undo ?? [];
      if (undo.length === 0) continue;
      undoStart.set(i, steps.length);
      place(undo, base + i);
    }
    const failed = steps.length;
    place(track.failed, end);
    let unwind = track.failed.length > 0 ? failed : null;
    track.actions.forEach((a, i) => {
      actions.push({ action: a, unwind, ...(spans[i] ?? { first, count: 0 }) });
      unwind = undoStart.get(i) ?? unwind;
    });
    const count = steps.length - failed;
    actions.push({ action: closing(`end of track ${track.name}`), unwind: null, first: failed, count });
    tracks.push({ track, first, count: steps.length - first });
  }
  const subroutines = placeSubroutines(actions.length);
  if (subroutines.length > 0)
    actions.push({ action: closing('subroutines'), unwind: null, first: steps.length, count: 0 });

  const memory = new Memory();
  for (const slot of program.parameters.values()) memory.slot(slot);
  const formatted: { readonly step: Step; readonly template: Template }[] = [];
  for (let n = 0; n < steps.length; n++) {
    const { step } = steps[n] as PlacedStep;
    const { args } = step;
    if (step.dst) memory.operand(step.dst);
    for (let i = 0; i < args.length; i++) {
      const a = args[i];
      if (typeof a === 'object') memory.operand(a);
    }
    if (step.template) {
      memory.template(step.template);
      formatted.push({ step, template: step.template });
    }
  }
  actions.forEach(a => {
    memory.template(a.action.words);
  });

  const data = new Map<Data, number>();
  const shared = new Map<string, number>();
  let size = memory.slotCount * 8;
  const put = (bytes: Uint8Array | string, length: number, align: number, constant: boolean): number => {
    const key = constant && length <= SHARED ? keyOf(bytes, align) : null;
    const known = key === null ? undefined : shared.get(key);
    if (known !== undefined) return known;
    const at = Math.ceil(size / align) * align;
    size = at + length;
    if (key !== null) shared.set(key, at);
    return at;
  };
  const [written, pointing, constants, buffers]: [Data[], Data[], Data[], Data[]] = [[], [], [], []];
  const ranked = [written, pointing, constants, buffers] as const;
  memory.found.forEach(d => {
    ranked[rank(d)].push(d);
  });
  const putAll = (of: readonly Data[], constant: boolean): void =>
    of.forEach(d => {
      data.set(d, put(d.bytes, d.size, d.align, constant));
    });
  putAll(written, false);
  putAll(pointing, false);
  const constantsStart = size;
  putAll(constants, true);

  const templates = new Map<Step, string>();
  const templateData = new Map<Step, number>();
  for (const { step, template } of formatted) {
    const encoded = encodeTemplate(template, memory.slots);
    templates.set(step, encoded);
    templateData.set(step, put(encoded, encoded.length, 1, true));
  }
  const dataSize = align8(size);
  size = dataSize;
  putAll(buffers, false);
  return {
    steps,
    tracks,
    subroutines,
    actions,
    labels,
    slots: memory.slots,
    slotCount: memory.slotCount,
    data,
    dataSize,
    zeroSize: align8(size) - dataSize,
    constantsStart,
    templates,
    templateData,
  };
}
