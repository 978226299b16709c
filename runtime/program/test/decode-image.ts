/** Reads an image as spec/image.ts and spec/instructions.ts describe it; written without a look at encode.ts. */
import { SECTIONS, type Section } from '../../../spec/image.js';
import { STEP_SIZE } from '../../../spec/instructions.js';

export interface ImageStep {
  readonly op: number;
  readonly sub: number;
  readonly action: number;
  readonly dst: number;
  readonly errs: number;
  readonly target: number;
  readonly modes: readonly number[];
  readonly aux: number;
  readonly args: readonly bigint[];
}

export interface DecodedImage {
  readonly magic: number;
  readonly version: number;
  readonly arch: number;
  readonly flags: number;
  readonly size: number;
  readonly slots: number;
  readonly sections: Readonly<Record<Section, { readonly offset: number; readonly count: number }>>;
  readonly steps: readonly ImageStep[];
  readonly actions: readonly { readonly words: Uint8Array; readonly unwind: number }[];
  readonly tracks: readonly { readonly first: number; readonly count: number; readonly name: string }[];
  readonly entries: readonly { readonly entry: number; readonly track: number; readonly step: number }[];
  readonly params: readonly { readonly parameter: number; readonly slot: number }[];
  readonly relocs: readonly { readonly at: number; readonly to: number }[];
  /** data and zero, as they are in memory; slots come first. */
  readonly memory: DataView;
  errnos(index: number): readonly number[];
  slot(number: number): bigint;
  /** The NUL-terminated text at a data offset. */
  text(offset: number): string;
}

export function decodeImage(image: Uint8Array): DecodedImage {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const u16 = (at: number): number => view.getUint16(at, true);
  const u32 = (at: number): number => view.getUint32(at, true);
  const sections = Object.fromEntries(
    SECTIONS.map((s, i) => [s, { offset: u32(16 + i * 8), count: u32(20 + i * 8) }]),
  ) as DecodedImage['sections'];
  const records = <T>(s: Section, size: number, read: (at: number) => T): readonly T[] =>
    Array.from({ length: sections[s].count }, (_, i) => read(sections[s].offset + i * size));
  const string = (bytes: Uint8Array, at: number): string =>
    Buffer.from(bytes.subarray(at, bytes.indexOf(0, at))).toString('utf8');
  const memory = new Uint8Array(sections.data.count + sections.zero.count);
  memory.set(image.subarray(sections.data.offset, sections.data.offset + sections.data.count));
  const data = new DataView(memory.buffer);
  return {
    magic: u32(0),
    version: u16(4),
    arch: view.getUint8(6),
    flags: view.getUint8(7),
    size: u32(8),
    slots: u32(12),
    sections,
    steps: records('steps', STEP_SIZE, at => ({
      op: view.getUint8(at),
      sub: view.getUint8(at + 1),
      action: u16(at + 2),
      dst: u16(at + 4),
      errs: u16(at + 6),
      target: u32(at + 8),
      modes: [0, 1, 2, 3, 4, 5].map(i => (u16(at + 12) >> (2 * i)) & 3),
      aux: u16(at + 14),
      args: [0, 1, 2, 3, 4, 5].map(i => view.getBigInt64(at + 16 + i * 8, true)),
    })),
    actions: records('actions', 16, at => ({
      words: image.subarray(sections.text.offset + u32(at), sections.text.offset + u32(at) + u32(at + 4)),
      unwind: u32(at + 8),
    })),
    tracks: records('tracks', 16, at => ({
      first: u32(at),
      count: u32(at + 4),
      name: string(image, sections.text.offset + u32(at + 8)),
    })),
    entries: records('entries', 8, at => ({ entry: u16(at), track: u16(at + 2), step: u32(at + 4) })),
    params: records('params', 4, at => ({ parameter: u16(at), slot: u16(at + 2) })),
    relocs: records('relocs', 8, at => ({ at: u32(at), to: u32(at + 4) })),
    memory: data,
    errnos: index => {
      const at = sections.errnos.offset + index * 2;
      return Array.from({ length: u16(at) }, (_, i) => u16(at + 2 + i * 2));
    },
    slot: number => data.getBigInt64(number * 8, true),
    text: offset => string(memory, offset),
  };
}
