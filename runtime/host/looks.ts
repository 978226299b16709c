/** What was looked at on the machine for one answer, so that the engine can look again before it uses the program another time (spec/looks.ts). */
import { LOOK_HEADER_SIZE, LookKind } from '../../spec/looks.js';
import { AGAIN_LOOKS_LIMIT } from '../../spec/reuse.js';

type Kind = (typeof LookKind)[keyof typeof LookKind];

interface Look {
  readonly kind: Kind;
  readonly argument: number;
  readonly path: string;
  readonly found: Uint8Array | null;
}

/** What UTF-8 could not hold would be compared with something else. */
const LOST = '\ufffd';

const padded = (length: number): number => (length + 7) & ~7;

function encoded({ kind, argument, path, found }: Look): Uint8Array {
  const name = Buffer.from(`${path}\0`);
  const record = Buffer.alloc(LOOK_HEADER_SIZE + padded(name.length + (found?.length ?? 0)));
  record.writeUInt32LE(kind, 0);
  record.writeUInt32LE(argument, 4);
  record.writeUInt32LE(name.length, 8);
  record.writeInt32LE(found?.length ?? -1, 12);
  record.set(name, LOOK_HEADER_SIZE);
  if (found !== null) record.set(found, LOOK_HEADER_SIZE + name.length);
  return record;
}

const listOf = (names: readonly string[]): string => names.map(name => `${name}\0`).join('');

const bytesOf = (text: string | null): Uint8Array | null => (text === null ? null : Buffer.from(text));

export class Looks {
  readonly #all: Look[] = [];
  #whole = true;

  /** Something decides that the engine cannot look at: the program serves once. */
  cannot(): void {
    this.#whole = false;
  }

  text(path: string, found: string | null): void {
    this.#add(LookKind.TEXT, path, found);
  }

  trusted(path: string, found: Uint8Array | null): void {
    this.#put({ kind: LookKind.TRUSTED, argument: 0, path, found });
  }

  /** There is one that others than root could have written, and nothing in it counts. */
  untrusted(path: string, isDirectory: boolean): void {
    const kind = isDirectory ? LookKind.FILES : LookKind.TRUSTED;
    this.#put({ kind, argument: 1, path, found: Buffer.alloc(0) });
  }

  files(path: string, names: readonly string[]): void {
    this.#add(LookKind.FILES, path, listOf(names));
  }

  /** Of a directory that anybody may write; null: it cannot be read. */
  names(path: string, names: readonly string[] | null): void {
    this.#add(LookKind.NAMES, path, names === null ? null : listOf(names));
  }

  /** To the program of a hook, where nobody else can change what it leads to. */
  way(path: string): void {
    this.#put({ kind: LookKind.WAY, argument: 0, path, found: null });
  }

  apart(path: string, other: string): void {
    this.#add(LookKind.APART, path, `${other}\0`);
  }

  magic(path: string, found: number | null): void {
    const number = Buffer.alloc(8);
    number.writeBigUInt64LE(BigInt(found ?? 0));
    this.#put({ kind: LookKind.MAGIC, argument: 0, path, found: found === null ? null : number });
  }

  /** `mode` of access(2). */
  access(path: string, mode: number, may: boolean): void {
    this.#put({ kind: LookKind.ACCESS, argument: mode, path, found: may ? Buffer.alloc(0) : null });
  }

  /** Of a whole mountinfo. */
  cgroupMounts(path: string, mounts: string | null): void {
    if (mounts === null) this.cannot();
    const lines = (mounts ?? '').split('\n').filter(line => line.includes(' - cgroup'));
    this.#add(LookKind.CGROUPS, path, lines.map(line => `${line}\n`).join(''));
  }

  /** How many there are; and those that came after so many. */
  get length(): number {
    return this.#all.length;
  }

  since(length: number): readonly Look[] {
    return this.#all.slice(length);
  }

  /** What was looked at for an earlier answer counts for this one. */
  again(looks: readonly Look[]): void {
    this.#all.push(...looks);
  }

  /** As the engine takes them; null: it cannot look at all of it, or that would take too long. */
  bytes(): Uint8Array | null {
    if (!this.#whole) return null;
    const all = Buffer.concat(this.#all.map(encoded));
    return all.length > AGAIN_LOOKS_LIMIT ? null : all;
  }

  #add(kind: Kind, path: string, found: string | null): void {
    if (found?.includes(LOST)) this.cannot();
    this.#put({ kind, argument: 0, path, found: bytesOf(found) });
  }

  #put(look: Look): void {
    if (look.path.includes(LOST)) this.cannot();
    this.#all.push(look);
  }
}

export type { Look };
