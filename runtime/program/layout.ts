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
  type Cell,
  type Data,
  type Field,
  type Label,
  type Place,
  type Ref,
  type Slot,
  type Template,
} from './operand.js';
import type { Line, Step, Subroutine } from './step.js';

/** Where things are in one layout. */
export class Places<T extends Place> {
  static #layouts = 0;
  readonly layout: number = ++Places.#layouts;
  all: T[] = [];

  get(thing: T): number | undefined {
    return thing.layout === this.layout ? thing.at : undefined;
  }

  put(thing: T, at: number): void {
    thing.layout = this.layout;
    thing.at = at;
    this.all.push(thing);
  }
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

export interface PlacedTemplate {
  readonly encoded: string;
  readonly at: number;
}

export interface Layout {
  readonly steps: readonly Step[];
  /** The numbers of their actions. */
  readonly actionOf: readonly number[];
  readonly tracks: readonly PlacedTrack[];
  /** Behind all tracks, in one that nothing but CALL enters. */
  readonly subroutines: readonly PlacedSubroutine[];
  readonly actions: readonly PlacedAction[];
  readonly labels: Places<Label>;
  readonly slots: Places<Slot>;
  readonly slotCount: number;
  readonly data: Places<Data>;
  readonly dataSize: number;
  readonly zeroSize: number;
  /** From here to the end of the data in the file nothing is ever written. */
  readonly constantsStart: number;
  /** Of the steps with a template. */
  readonly templates: ReadonlyMap<Step, PlacedTemplate>;
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

/** Slots and data in the order in which they are first mentioned. */
export class Memory {
  readonly slots = new Places<Slot>();
  readonly data = new Places<Data>();
  slotCount = FIRST_FREE_SLOT;

  constructor() {
    for (const [slot, at] of reservedSlots) this.slots.put(slot, at);
  }

  /** Its number. */
  slot(s: Slot): number {
    return s.layout === this.slots.layout ? s.at : this.#add(s);
  }

  #add(s: Slot): number {
    this.slots.put(s, this.slotCount);
    this.slotCount += s.cells;
    const { initial } = s;
    for (let i = 0; i < initial.length; i++) {
      const v = initial[i];
      if (typeof v === 'object') this.found(v);
    }
    return s.at;
  }

  /** Data get their places when all are known. */
  found(d: Data): void {
    if (d.layout === this.data.layout) return;
    this.data.put(d, -1);
    const { pointers } = d;
    for (let i = 0; i < pointers.length; i++) {
      const to = pointers[i]?.to;
      if (to === undefined) continue;
      if (to.kind === 'slot') this.slot(to);
      else this.found(to);
    }
  }

  /** The number of the cell that an operand is about. */
  cell(o: Slot | Cell | Ref): number {
    if (o.kind === 'slot') return this.slot(o);
    return o.kind === 'cell' ? this.slot(o.slot) + o.index : this.cell(o.slot);
  }

  template(t: Template): void {
    for (let i = 0; i < t.length; i++) {
      const part = t[i];
      if (typeof part === 'object') this.slot(part.slot);
    }
  }
}

/** Reads the steps in their order, each once, and mentions what it refers to: first where the result goes, then the arguments, then the template. */
export interface Reader {
  begin(count: number): void;
  step(step: Step, number: number, action: number, memory: Memory, labels: Places<Label>): void;
}

const mentioning: Reader = {
  begin: () => undefined,
  step: ({ args, dst, template }, _number, _action, memory) => {
    if (dst !== null) memory.cell(dst);
    for (const a of args) {
      if (typeof a !== 'object') continue;
      if (a.kind === 'data') memory.found(a);
      else memory.cell(a);
    }
    if (template !== null) memory.template(template);
  },
};

const align8 = (n: number): number => Math.ceil(n / 8) * 8;

/**
 * A FORMAT template, one character for each byte. A byte 1 in a text of the config would begin a field, and there is no way to say it: it is
 * shown as "?".
 */
export function encodeTemplate(t: Template, slots: Pick<Places<Slot>, 'get'>): string {
  let out = '';
  for (let i = 0; i < t.length; i++) {
    const part = t[i] ?? '';
    if (typeof part !== 'string') out += encodeField(part, slots);
    else out += binary(part.includes('\u0001') ? part.replaceAll('\u0001', '?') : part);
  }
  return out;
}

function encodeField(f: Field, slots: Pick<Places<Slot>, 'get'>): string {
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

/** Steps in their order, and what refers to them. */
type Order = Pick<Layout, 'steps' | 'actionOf' | 'tracks' | 'subroutines' | 'actions' | 'labels'>;

function order(program: Program): Order {
  const steps: Step[] = [];
  const actionOf: number[] = [];
  const tracks: PlacedTrack[] = [];
  const actions: PlacedAction[] = [];
  const labels = new Places<Label>();

  const place = (lines: readonly Line[], action: number): void => {
    for (let i = 0; i < lines.length; i++) {
      const line = lines[i] as Line;
      if (line.kind === 'step') {
        steps.push(line);
        actionOf.push(action);
      } else if (line.layout === labels.layout) throw new Error(`label ${line.name} stands twice`);
      else labels.put(line, steps.length);
    }
  };

  /** Those that the tracks call, and those that these call. */
  const placeSubroutines = (action: number): readonly PlacedSubroutine[] => {
    const placed: PlacedSubroutine[] = [];
    for (let i = 0; i < steps.length; i++) {
      const called = steps[i]?.subroutine;
      // Its entry is the first of its lines.
      if (!called || called.entry.layout === labels.layout) continue;
      const first = steps.length;
      place(called.lines, action);
      placed.push({ subroutine: called, first, count: steps.length - first });
    }
    return placed;
  };

  for (const track of program.tracks) {
    const first = steps.length;
    const base = actions.length;
    const spans: { first: number; count: number }[] = [];
    for (let i = 0; i < track.actions.length; i++) {
      const from = steps.length;
      place((track.actions[i] as Action).lines, base + i);
      spans.push({ first: from, count: steps.length - from });
    }
    const end = base + track.actions.length;
    const undoStart: number[] = [];
    for (let i = track.actions.length - 1; i >= 0; i--) {
      const { undo } = track.actions[i] as Action;
      undoStart[i] = undo.length === 0 ? -1 : steps.length;
      place(undo, base + i);
    }
    const failed = steps.length;
    place(track.failed, end);
    let unwind = track.failed.length > 0 ? failed : null;
    for (let i = 0; i < track.actions.length; i++) {
      const action = track.actions[i] as Action;
      const undo = undoStart[i] as number;
      actions.push({ action, unwind, first: spans[i]?.first ?? first, count: spans[i]?.count ?? 0 });
      if (undo >= 0) unwind = undo;
    }
    const count = steps.length - failed;
    actions.push({ action: closing(`end of track ${track.name}`), unwind: null, first: failed, count });
    tracks.push({ track, first, count: steps.length - first });
  }
  const subroutines = placeSubroutines(actions.length);
  if (subroutines.length > 0)
    actions.push({ action: closing('subroutines'), unwind: null, first: steps.length, count: 0 });
  return { steps, actionOf, tracks, subroutines, actions, labels };
}

export function layOut(program: Program, reader: Reader = mentioning): Layout {
  const ordered = order(program);
  const { steps, actions, actionOf, labels } = ordered;
  const memory = new Memory();
  for (const slot of program.parameters.values()) memory.slot(slot);
  const formatted: Step[] = [];
  reader.begin(steps.length);
  for (let n = 0; n < steps.length; n++) {
    const step = steps[n] as Step;
    reader.step(step, n, actionOf[n] as number, memory, labels);
    if (step.template !== null) formatted.push(step);
  }
  for (let n = 0; n < actions.length; n++) memory.template((actions[n] as PlacedAction).action.words);

  const shared = new Map<string, number>();
  let size = memory.slotCount * 8;
  const put = (bytes: Uint8Array | string, length: number, align: number, constant: boolean): number => {
    const key = constant && length <= SHARED ? keyOf(bytes, align) : null;
    const known = key === null ? undefined : shared.get(key);
    if (known !== undefined) return known;
    const at = Math.ceil(size / align) * align;
    // Texts do not run into each other: where one ends is seen (runtime/engine/door/names.c).
    size = at + length + (typeof bytes === 'string' && !bytes.endsWith('\0') ? 1 : 0);
    if (key !== null) shared.set(key, at);
    return at;
  };
  const ranked: readonly Data[][] = [[], [], [], []];
  for (const d of memory.data.all) ranked[rank(d)]?.push(d);
  const putAll = (of: readonly Data[] = [], constant: boolean): void => {
    for (let i = 0; i < of.length; i++) {
      const d = of[i] as Data;
      d.at = put(d.bytes, d.size, d.align, constant);
    }
  };
  const [written, pointing, constants, buffers] = ranked;
  memory.data.all = ranked.flat();
  putAll(written, false);
  putAll(pointing, false);
  const constantsStart = size;
  putAll(constants, true);

  const templates = new Map<Step, PlacedTemplate>();
  for (let i = 0; i < formatted.length; i++) {
    const step = formatted[i] as Step;
    const encoded = encodeTemplate(step.template ?? [], memory.slots);
    templates.set(step, { encoded, at: put(encoded, encoded.length, 1, true) });
  }
  const dataSize = align8(size);
  size = dataSize;
  putAll(buffers, false);
  return {
    ...ordered,
    slots: memory.slots,
    slotCount: memory.slotCount,
    data: memory.data,
    dataSize,
    zeroSize: align8(size) - dataSize,
    constantsStart,
    templates,
  };
}
