/**
 * What a step's arguments refer to. Operands are symbolic and compared by identity; numbers and offsets are given out by `layout`.
 */
import { ID_LIMIT } from '../../spec/container-limits.js';
import type { TemplateFieldKind } from '../../spec/instructions.js';

/**
 * Where layout.ts has put something, and in which layout. Nobody else writes or reads it: it stands in the thing itself since `create` asks for it some
 * thousand times, and a Map costs several times as much.
 */
export interface Place {
  layout: number;
  at: number;
}

/** A 64-bit cell of the program's memory; `cells` consecutive ones when an instruction writes more than one. */
export interface Slot extends Place {
  readonly kind: 'slot';
  readonly name: string;
  readonly cells: number;
  /** What the cells hold when the program starts: a number, or the offset of data. */
  readonly initial: readonly (bigint | number | Data)[];
}

/** One cell of a slot with several, e.g. the position behind a number that SCAN parsed. */
export interface Cell {
  readonly kind: 'cell';
  readonly slot: Slot;
  readonly index: number;
}

/** Bytes of the data segment, with pointers to other data in them. */
export interface Data extends Place {
  readonly kind: 'data';
  readonly name: string;
  readonly size: number;
  /** What it holds at first; empty for zeros. Text is a string with one character for each byte, which V8 copies fastest. */
  readonly bytes: Uint8Array | string;
  readonly align: number;
  /** Equal constant data are laid down once. What a step writes into must not be shared. */
  readonly constant: boolean;
  /** Nothing but zeros: takes no place in the file. */
  readonly zero: boolean;
  readonly pointers: readonly { readonly at: number; readonly to: Data | Slot }[];
  /** How explain shows it (shownOf); null: as the text, or the vector of texts, that it is. */
  readonly shown: string | null;
}

/** The address of the data whose offset the slot holds at run time. */
export interface Ref {
  readonly kind: 'ref';
  readonly slot: Slot | Cell;
}

/** A place in a track that steps go to. */
export interface Label extends Place {
  readonly kind: 'label';
  readonly name: string;
}

export type Operand = number | bigint | Slot | Cell | Data | Ref;

export interface Field {
  readonly kind: 'field';
  readonly format: TemplateFieldKind;
  readonly slot: Slot;
}

/** Text with fields that the engine fills in (FORMAT, words of failures). */
export type Template = readonly (string | Field)[];

/** A field of a template that is an id, a number or a time, each letter of it escaped at worst. */
const FIELD_BOUND = 6 * ID_LIMIT;

/** The size of a buffer for what FORMAT makes of a template, if none of its fields is a longer text; FORMAT itself refuses what does not fit. */
export function templateBound(template: Template): number {
  return template.reduce((n, p) => n + (typeof p === 'string' ? Buffer.byteLength(p) : FIELD_BOUND), 1);
}

export function slot(name: string, initial: bigint | number | Data = 0): Slot {
  return { kind: 'slot', name, cells: 1, initial: [initial], layout: 0, at: 0 };
}

/** Two or more neighbouring cells, e.g. for SCAN NUMBER (value, position). */
export function slots(name: string, cells: number, first: number | Data = 0): Slot {
  const initial: (number | Data)[] = [first];
  while (initial.length < cells) initial.push(0);
  return { kind: 'slot', name, cells, initial, layout: 0, at: 0 };
}

/** Where data is and how much of it there is, as a BYTES field takes it. */
export function extent(name: string, of: Data, size = of.size): Slot {
  return { kind: 'slot', name, cells: 2, initial: [of, size], layout: 0, at: 0 };
}

export function cell(of: Slot, index: number): Cell {
  return { kind: 'cell', slot: of, index };
}

export function ref(of: Slot | Cell): Ref {
  return { kind: 'ref', slot: of };
}

export function label(name: string): Label {
  return { kind: 'label', name, layout: 0, at: 0 };
}

/** UTF-8, one character for each byte. */
export function binary(value: string): string {
  return Buffer.byteLength(value) === value.length ? value : Buffer.from(value, 'utf8').toString('latin1');
}

const noBytes = new Uint8Array(0);

/** For explain. Of texts it is made when it is asked for: a program has hundreds. */
export function shownOf({ shown, bytes: held, pointers }: Data): string {
  if (shown !== null) return shown;
  if (typeof held === 'string') return JSON.stringify(Buffer.from(held.slice(0, -1), 'latin1').toString());
  return `[${pointers.map(({ to }) => (to.kind === 'data' ? shownOf(to) : to.name)).join(', ')}]`;
}

/** A NUL-terminated constant string. */
export function text(value: string): Data {
  const encoded = `${binary(value)}\0`;
  return {
    kind: 'data',
    name: 'text',
    size: encoded.length,
    bytes: encoded,
    align: 1,
    constant: true,
    zero: false,
    pointers: [],
    shown: null,
    layout: 0,
    at: 0,
  };
}

/** A constant text without an end of its own, in UTF-8: what write(2) takes. */
export function characters(name: string, value: string): Data {
  const encoded = binary(value);
  return {
    kind: 'data',
    name,
    size: encoded.length,
    bytes: encoded,
    align: 1,
    constant: true,
    zero: false,
    pointers: [],
    shown: `<${name}: ${encoded.length} bytes>`,
    layout: 0,
    at: 0,
  };
}

/** Constant bytes as they are. */
export function bytes(name: string, value: Uint8Array, align = 8): Data {
  return {
    kind: 'data',
    name,
    size: value.length,
    bytes: value,
    align,
    constant: true,
    zero: false,
    pointers: [],
    shown: `<${name}: ${value.length} bytes>`,
    layout: 0,
    at: 0,
  };
}

/** Bytes that steps store into. */
export function changeable(name: string, value: Uint8Array): Data {
  return { ...bytes(name, value), constant: false };
}

/** Writable memory of that size, all zero. `lasting`: still needed after TRIM. */
export function buffer(name: string, size: number, lasting = false): Data {
  return {
    kind: 'data',
    name,
    size,
    bytes: lasting ? new Uint8Array(size) : noBytes,
    align: 8,
    constant: false,
    zero: !lasting,
    pointers: [],
    shown: `<${name}>`,
    layout: 0,
    at: 0,
  };
}

/** A member of a struct: its width in bytes and value; a pointer is always 8 bytes wide. */
export type Member =
  | { readonly width: 1 | 2 | 4 | 8; readonly value: number | bigint }
  | { readonly width: 8; readonly to: Data | Slot };

export const u8 = (value: number): Member => ({ width: 1, value });
export const u16 = (value: number): Member => ({ width: 2, value });
export const u32 = (value: number): Member => ({ width: 4, value });
export const u64 = (value: number | bigint): Member => ({ width: 8, value });
export const pointer = (to: Data | Slot): Member => ({ width: 8, to });

/** 64 bits, little endian. A number needs no bigint, which costs more than all that is done here. */
function set64(view: DataView, at: number, value: number | bigint): void {
  if (typeof value === 'bigint') view.setBigUint64(at, BigInt.asUintN(64, value), true);
  else {
    view.setUint32(at, value, true);
    view.setInt32(at + 4, Math.floor(value / 0x1_0000_0000), true);
  }
}

/** A C struct or array, members in order, padded by the caller. Not shared: steps may store into it. */
export function struct(name: string, members: readonly Member[], constant = false): Data {
  let size = 0;
  for (let i = 0; i < members.length; i++) size += (members[i] as Member).width;
  const out = new Uint8Array(size);
  const view = new DataView(out.buffer);
  const pointers: { at: number; to: Data | Slot }[] = [];
  let at = 0;
  for (let i = 0; i < members.length; i++) {
    const m = members[i] as Member;
    if ('to' in m) pointers.push({ at, to: m.to });
    else if (m.width === 8) set64(view, at, m.value);
    else if (m.width === 4) view.setUint32(at, Number(m.value), true);
    else if (m.width === 2) view.setUint16(at, Number(m.value), true);
    else view.setUint8(at, Number(m.value));
    at += m.width;
  }
  return {
    kind: 'data',
    name,
    size: out.length,
    bytes: out,
    align: 8,
    constant,
    zero: false,
    pointers,
    shown: `<${name}>`,
    layout: 0,
    at: 0,
  };
}

/** A NULL-terminated array of strings, as execve(2) takes. */
export function vector(name: string, values: readonly (string | Data)[]): Data {
  const items = values.map(v => (typeof v === 'string' ? text(v) : v));
  return { ...struct(name, [...items.map(pointer), u64(0)], true), shown: null };
}

export function field(format: TemplateFieldKind, of: Slot): Field {
  return { kind: 'field', format, slot: of };
}
