/**
 * What a program or library needs (elf(5)): libraries, versions of symbols, kernel, CPU. Files of a tree are anybody's: every offset and count is looked at before it is used, and what makes
 * no sense is not there.
 */
import { readSync } from 'node:fs';

export interface Elf {
  /** e_machine. */
  readonly machine: number;
  /** DT_NEEDED. */
  readonly needed: readonly string[];
  /** Versions that it needs, by the library that has them, and those that it has itself. */
  readonly versionsNeeded: ReadonlyMap<string, readonly string[]>;
  readonly versions: readonly string[];
  /** Oldest kernel, by its note NT_GNU_ABI_TAG. */
  readonly kernel: readonly [number, number, number] | null;
  /** Of x86-64-v1 to v4; 0: it does not say. */
  readonly cpuLevel: number;
}

const [SEGMENTS, ENTRIES, TEXT, NOTES] = [128, 4096, 256, 65536];
const [PT_LOAD, PT_DYNAMIC, PT_NOTE, PT_GNU_PROPERTY] = [1, 2, 4, 0x6474e553];
const [DT_NEEDED, DT_STRTAB, DT_VERDEF, DT_VERDEFNUM, DT_VERNEED, DT_VERNEEDNUM] = [
  1, 5, 0x6ffffffc, 0x6ffffffd, 0x6ffffffe, 0x6fffffff,
];
const [NT_GNU_ABI_TAG, NT_GNU_PROPERTY] = [1, 5];
const GNU_PROPERTY_X86_ISA_1_NEEDED = 0xc0008002;

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

/** At most `length` bytes; numbers that no file has give none. */
type Read = (offset: number, length: number) => Buffer;

function reader(fd: number): Read {
  return (offset, length) => {
    if (!Number.isSafeInteger(offset) || offset < 0) return Buffer.alloc(0);
    const bytes = Buffer.alloc(length);
    return bytes.subarray(0, readSync(fd, bytes, 0, length, offset));
  };
}

const u64 = (bytes: Buffer, at: number): number => Number(bytes.readBigUInt64LE(at));

function segmentsOf(header: Buffer, read: Read): readonly Segment[] {
  const size = 56;
  const count = Math.min(header.readUInt16LE(56), SEGMENTS);
  if (header.readUInt16LE(54) !== size) return [];
  const table = read(u64(header, 32), count * size);
  return Array.from({ length: Math.floor(table.length / size) }, (_, i) => ({
    type: table.readUInt32LE(i * size),
    offset: u64(table, i * size + 8),
    address: u64(table, i * size + 16),
    size: u64(table, i * size + 32),
  }));
}

class Dynamic {
  readonly #values = new Map<number, number>();
  readonly needed: readonly number[];
  constructor(
    readonly read: Read,
    readonly segments: readonly Segment[],
  ) {
    const own = segments.find(({ type }) => type === PT_DYNAMIC);
    const table = own === undefined ? Buffer.alloc(0) : read(own.offset, Math.min(own.size, ENTRIES * 16));
    const needed: number[] = [];
    for (let at = 0; at + 16 <= table.length; at += 16) {
      const [tag, value] = [u64(table, at), u64(table, at + 8)];
      if (tag === 0) break;
      if (tag === DT_NEEDED) needed.push(value);
      else this.#values.set(tag, value);
    }
    this.needed = needed;
  }

  /** Where in the file an address is; -1: nowhere. */
  place(tag: number): number {
    const address = this.#values.get(tag) ?? -1;
    const inside = this.segments.find(
      one => one.type === PT_LOAD && address >= one.address && address < one.address + one.size,
    );
    return inside === undefined ? -1 : address - inside.address + inside.offset;
  }

  count(tag: number): number {
    return Math.min(this.#values.get(tag) ?? 0, ENTRIES);
  }

  text(offset: number): string {
    const bytes = this.read(this.place(DT_STRTAB) + offset, TEXT);
    const end = bytes.indexOf(0);
    return this.place(DT_STRTAB) < 0 || end < 0 ? '' : bytes.toString('latin1', 0, end);
  }
}

/** Elf64_Verdef, and the first Elf64_Verdaux of each, which is its name. */
function versionsOf(dynamic: Dynamic): readonly string[] {
  const found: string[] = [];
  let at = dynamic.place(DT_VERDEF);
  for (let left = dynamic.count(DT_VERDEFNUM); left > 0 && at >= 0; left--) {
    const entry = dynamic.read(at, 20);
    if (entry.length < 20) break;
    const name = dynamic.read(at + entry.readUInt32LE(12), 4);
    if (name.length === 4) found.push(dynamic.text(name.readUInt32LE(0)));
    const next = entry.readUInt32LE(16);
    if (next === 0) break;
    at += next;
  }
  return found;
}

/** Elf64_Verneed, and all Elf64_Vernaux of each; all of them together at most ENTRIES. */
function versionsNeededOf(dynamic: Dynamic): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  let at = dynamic.place(DT_VERNEED);
  let most = ENTRIES;
  for (let left = dynamic.count(DT_VERNEEDNUM); left > 0 && at >= 0; left--) {
    const entry = dynamic.read(at, 16);
    if (entry.length < 16) break;
    const file = dynamic.text(entry.readUInt32LE(4));
    const names = found.get(file) ?? [];
    found.set(file, names);
    let own = at + entry.readUInt32LE(8);
    for (let more = entry.readUInt16LE(2); more > 0 && most > 0; more--, most--) {
      const version = dynamic.read(own, 16);
      if (version.length < 16) break;
      names.push(dynamic.text(version.readUInt32LE(8)));
      const next = version.readUInt32LE(12);
      if (next === 0) break;
      own += next;
    }
    const next = entry.readUInt32LE(12);
    if (next === 0) break;
    at += next;
  }
  return found;
}

/** The highest bit of GNU_PROPERTY_X86_ISA_1_NEEDED. */
function cpuLevelIn(properties: Buffer): number {
  for (let at = 0; at + 8 <= properties.length; ) {
    const [type, size] = [properties.readUInt32LE(at), properties.readUInt32LE(at + 4)];
    if (type === GNU_PROPERTY_X86_ISA_1_NEEDED && size >= 4 && at + 12 <= properties.length)
      return Math.min(4, 32 - Math.clz32(properties.readUInt32LE(at + 8)));
    at += 8 + Math.ceil(size / 8) * 8;
  }
  return 0;
}

function notesOf(segments: readonly Segment[], read: Read): Pick<Elf, 'kernel' | 'cpuLevel'> {
  let kernel: Elf['kernel'] = null;
  let cpuLevel = 0;
  for (const { type, offset, size } of segments) {
    if (type !== PT_NOTE && type !== PT_GNU_PROPERTY) continue;
    const notes = read(offset, Math.min(size, NOTES));
    for (let at = 0; at + 16 <= notes.length; ) {
      const [name, length, kind] = [
        notes.readUInt32LE(at),
        notes.readUInt32LE(at + 4),
        notes.readUInt32LE(at + 8),
      ];
      const content = notes.subarray(at + 16, at + 16 + length);
      const isGnu = name === 4 && notes.toString('latin1', at + 12, at + 16) === 'GNU\0';
      // The first word is the operating system: 0 is Linux.
      if (isGnu && kind === NT_GNU_ABI_TAG && content.length >= 16 && content.readUInt32LE(0) === 0)
        kernel = [content.readUInt32LE(4), content.readUInt32LE(8), content.readUInt32LE(12)];
      if (isGnu && kind === NT_GNU_PROPERTY) cpuLevel = Math.max(cpuLevel, cpuLevelIn(content));
      const align = isGnu && kind === NT_GNU_PROPERTY ? 8 : 4;
      at += 12 + Math.ceil(name / 4) * 4 + Math.ceil(length / align) * align;
    }
  }
  return { kernel, cpuLevel };
}

/** Null: it is no ELF of 64 bits, little-endian (all machines that we run on). A file that cannot be read throws. */
export function readElf(fd: number): Elf | null {
  const read = reader(fd);
  const header = read(0, 64);
  if (header.length < 64 || header.readUInt32BE(0) !== 0x7f454c46 || header[4] !== 2 || header[5] !== 1)
    return null;
  const segments = segmentsOf(header, read);
  const dynamic = new Dynamic(read, segments);
  return {
    machine: header.readUInt16LE(18),
    needed: dynamic.needed.slice(0, TEXT).map(offset => dynamic.text(offset)),
    versionsNeeded: versionsNeededOf(dynamic),
    versions: versionsOf(dynamic),
    ...notesOf(segments, read),
  };
}
