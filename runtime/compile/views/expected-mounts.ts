/** The table of what the proofs of elision expect (elision-proof.ts reads it). */
import type { DirectoryFact, MountFact } from '../../../spec/environment.js';

/** What a path has to be. */
export interface Expected {
  readonly path: string;
  readonly mount: MountFact;
  /** The peer group of a source, the master of a destination. */
  readonly group: number;
  readonly directory?: DirectoryFact | undefined;
  /** Of what is mounted below that mount, as many have a unique id above `last`; not given: nobody counts. */
  readonly below?: { readonly last: number; readonly known: number } | undefined;
  /** If another mount is there by then, or nothing at all, there is nothing to prove. */
  readonly mayGo?: boolean;
}

/** Those of `expected` that are not proved with `proved`: the same of the same path, which has to be there. */
export function besides(proved: readonly Expected[], expected: readonly Expected[]): readonly Expected[] {
  const known = new Map(proved.map(one => [one.path, one]));
  return expected.filter(({ path, mount, group }) => {
    const one = known.get(path);
    return one === undefined || one.mount !== mount || one.group !== group || one.mayGo === true;
  });
}

/**
 * One row: these numbers, 64 bits each, and the path with its NUL, padded. NAME is where in the path its last component begins; 0 marks
 * a row that has nothing but the directory in which the next ones are looked for. INODE 0: it may be any directory. KNOWN -1: what is below is not
 * counted. KNOWN -2: nor has it to be there still. The table ends with a row of size 0.
 */
export const Row = {
  SIZE: 0,
  NAME: 8,
  DEVICE: 16,
  INODE: 24,
  MOUNT: 32,
  ATTRIBUTES: 40,
  GROUP: 48,
  LAST: 56,
  KNOWN: 64,
  PATH: 72,
} as const;

/** KNOWN of a mount that may be another one by then. */
export const MAY_GO = -2;

function row(path: string, name: number, of?: Expected): Buffer {
  const text = Buffer.from(`${path}\0`, 'utf8');
  const out = Buffer.alloc(Math.ceil((Row.PATH + text.length) / 8) * 8);
  const put = (value: number, at: number): void => {
    out.writeUInt32LE(value % 2 ** 32, at);
    out.writeUInt32LE(Math.floor(value / 2 ** 32), at + 4);
  };
  put(out.length, Row.SIZE);
  put(name === 0 ? 0 : Row.PATH + name, Row.NAME);
  if (of !== undefined) {
    out.writeUInt32LE(of.directory?.major ?? 0, Row.DEVICE);
    out.writeUInt32LE(of.directory?.minor ?? 0, Row.DEVICE + 4);
    put(of.directory?.inode ?? 0, Row.INODE);
    put(of.mount.id, Row.MOUNT);
    put(of.mount.attributes, Row.ATTRIBUTES);
    put(of.group, Row.GROUP);
    put(of.below?.last ?? 0, Row.LAST);
    out.writeBigInt64LE(BigInt(of.mayGo ? MAY_GO : (of.below?.known ?? -1)), Row.KNOWN);
  }
  text.copy(out, Row.PATH);
  return out;
}

/** Without the slashes at its end. As it is written else: ".." behind a symlink is for the kernel to follow. */
function trimmed(path: string): string {
  let end = path.length;
  while (end > 1 && path[end - 1] === '/') end--;
  return path.slice(0, end);
}

/** Shares are often neighbours: their directory is looked up once for all that follow each other. */
export function expectedTable(expected: readonly Expected[]): Uint8Array {
  const rows: Buffer[] = [];
  let within = '';
  for (const one of expected) {
    // "/" has no name in a directory; it is "." in itself.
    const path = trimmed(one.path) === '/' ? '/.' : trimmed(one.path);
    const slash = path.lastIndexOf('/');
    const parent = path.slice(0, Math.max(1, slash));
    if (parent !== within) rows.push(row(parent, 0));
    within = parent;
    rows.push(row(path, Buffer.byteLength(path.slice(0, slash + 1)), one));
  }
  rows.push(Buffer.alloc(8));
  return Buffer.concat(rows);
}
