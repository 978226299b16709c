/** A squashfs (version 4.0, nothing compressed), as far as tests need one: https://docs.kernel.org/filesystems/squashfs.html. No package has to be there for it. */

import { existsSync, readFileSync } from 'node:fs';

/** None can be mounted here; undefined: it can. */
export function whyNoSquashfs(): string | undefined {
  if (!existsSync('/dev/loop-control')) return 'no loop devices';
  return /squashfs/.test(readFileSync('/proc/filesystems', 'utf8'))
    ? undefined
    : 'the kernel has no squashfs';
}

export interface Node {
  readonly mode?: number;
  readonly content?: string | Uint8Array;
  readonly link?: string;
  readonly inside?: Readonly<Record<string, Node>>;
}

const BLOCK = 131_072;
const NONE = 0xffff_ffff_ffff_ffffn;
/** In the header of a block of metadata, and in the size of a block of data. */
const PLAIN = 0x8000;
const PLAIN_DATA = 1 << 24;

const u16 = (value: number): Buffer => Buffer.from([value & 255, value >> 8]);
function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
function u64(value: bigint | number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

interface Placed {
  readonly number: number;
  /** In the one block of inodes. */
  readonly offset: number;
  readonly type: 1 | 2 | 3;
}

/** All inodes and all directories must fit into a block of metadata each: some hundred entries. */
export function squashfs(root: Node): Buffer {
  const data: Buffer[] = [];
  let dataEnd = 96;
  let inodes = Buffer.alloc(0);
  let directories = Buffer.alloc(0);
  let count = 0;
  const head = (type: number, mode: number, number: number): Buffer =>
    Buffer.concat([u16(type), u16(mode), u16(0), u16(0), u32(1_700_000_000), u32(number)]);
  const place = (type: Placed['type'], number: number, bytes: Buffer): Placed => {
    const offset = inodes.length;
    inodes = Buffer.concat([inodes, bytes]);
    return { number, offset, type };
  };
  const add = ({ mode, content = '', link, inside }: Node, parent: number): Placed => {
    const number = ++count;
    if (link !== undefined) {
      const target = Buffer.from(link);
      return place(3, number, Buffer.concat([head(3, 0o777, number), u32(1), u32(target.length), target]));
    }
    if (inside === undefined) {
      const start = dataEnd;
      const bytes = Buffer.from(content);
      data.push(bytes);
      dataEnd += bytes.length;
      const sizes: Buffer[] = [];
      for (let left = bytes.length; left > 0; left -= BLOCK)
        sizes.push(u32(Math.min(left, BLOCK) | PLAIN_DATA));
      const file = [u32(start), u32(0xffff_ffff), u32(0), u32(bytes.length), ...sizes];
      return place(2, number, Buffer.concat([head(2, mode ?? 0o644, number), ...file]));
    }
    const names = Object.keys(inside).sort();
    const entries = names.map(name => ({ name, at: add(inside[name] as Node, number) }));
    const listing = Buffer.concat([
      ...(entries.length === 0 ? [] : [u32(entries.length - 1), u32(0), u32(number)]),
      ...entries.flatMap(({ name, at }) => [
        ...[u16(at.offset), u16((at.number - number) & 0xffff), u16(at.type), u16(name.length - 1)],
        Buffer.from(name),
      ]),
    ]);
    const offset = directories.length;
    directories = Buffer.concat([directories, listing]);
    const links = 2 + Object.values(inside).filter(one => one.inside !== undefined).length;
    const directory = [u32(0), u32(links), u16(listing.length + 3), u16(offset), u32(parent)];
    return place(1, number, Buffer.concat([head(1, mode ?? 0o755, number), ...directory]));
  };
  const top = add(root, 0);
  const metadata = (bytes: Buffer): Buffer => Buffer.concat([u16(bytes.length | PLAIN), bytes]);
  const inodeTable = dataEnd;
  const directoryTable = inodeTable + 2 + inodes.length;
  const ids = directoryTable + 2 + directories.length;
  const idTable = ids + 2 + 4;
  const end = idTable + 8;
  const superblock = Buffer.concat([
    Buffer.from('hsqs'),
    ...[u32(count), u32(1_700_000_000), u32(BLOCK), u32(0)],
    // zlib, of which nothing is made; inodes, data, fragments and ids plain, no fragments, no attributes.
    ...[u16(1), u16(17), u16(0x1 | 0x2 | 0x8 | 0x10 | 0x200 | 0x800), u16(1), u16(4), u16(0)],
    ...[u64(top.offset), u64(end), u64(idTable), u64(NONE), u64(inodeTable), u64(directoryTable)],
    ...[u64(NONE), u64(NONE)],
  ]);
  const tables = [metadata(inodes), metadata(directories), metadata(u32(0)), u64(ids)];
  const whole = Buffer.concat([superblock, ...data, ...tables]);
  return Buffer.concat([whole, Buffer.alloc(4096 - (whole.length % 4096))]);
}
