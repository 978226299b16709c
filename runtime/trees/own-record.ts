/**
 * Whether a record of what is pinned is to be believed. Whoever is root in a container that shows the place of the pins (SECURITY.md) can write there, but
 * he can mount nothing in the host's mount namespace: so a record counts only beside a pin, which is a mount of nsfs, with the number that is in it.
 */
import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import type { Caller } from '../../spec/caller.js';
import { type PinRecord, parsePin } from '../../spec/records/pin.js';
import type { Parsed } from '../../spec/records/record.js';
import { bootId } from '../host/boot-id.js';
import { isUnreadable, unlessMissing } from '../host/error-code.js';
import { seesWhat } from './caller.js';

/** Why what stands in the place of a record is none that is believed: words behind "its record". */
export interface BrokenRecord {
  readonly kind: 'broken';
  readonly why: string;
}

export type RootRecord<Record> =
  | { readonly kind: 'record'; readonly record: Record }
  | { readonly kind: 'absent' }
  | BrokenRecord;

const broken = (why: string): BrokenRecord => ({ kind: 'broken', why });

/** A record tells of hundreds of mounts at most; bytes. */
const MOST = 16 << 20;

/** Null: it is longer than that. */
function textOf(fd: number): string | null {
  const parts: Buffer[] = [];
  for (let length = 0; length <= MOST; ) {
    const part = Buffer.allocUnsafe(65_536);
    const count = readSync(fd, part, 0, part.length, null);
    if (count === 0) return Buffer.concat(parts).toString('utf8');
    length += count;
    parts.push(part.subarray(0, count));
  }
  return null;
}

function textOrWhy(path: string): string | BrokenRecord {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) return broken('is no regular file');
    if (stat.uid !== 0 || (stat.mode & 0o022) !== 0) return broken("is not root's alone");
    return textOf(fd) ?? broken('is longer than any is');
  } finally {
    closeSync(fd);
  }
}

/** A file of root's that nobody else could have written, of this boot, and whole. Throws Unreadable: nobody knows then what it says. */
export function readRootRecord<Record extends { readonly boot: string }>(
  path: string,
  parse: (text: string) => Parsed<Record>,
): RootRecord<Record> {
  let text: string | BrokenRecord | null;
  try {
    text = unlessMissing(path, () => textOrWhy(path));
  } catch (error) {
    // O_NOFOLLOW of a link, O_RDONLY of a socket.
    if (isUnreadable(error) && ['ELOOP', 'ENXIO'].includes(error.code)) return broken('is no regular file');
    throw error;
  }
  if (text === null) return { kind: 'absent' };
  if (typeof text !== 'string') return text;
  const parsed = parse(text);
  if (parsed.kind !== 'record') return broken('is damaged');
  return parsed.record.boot === bootId() ? parsed : broken('is of another boot');
}

function isPin(path: string, inode: number): boolean {
  const found = unlessMissing(path, () => statSync(path));
  return found !== null && found.dev === statSync('/proc/self/ns/mnt').dev && found.ino === inode;
}

export type PinnedRecord =
  /** `certain`: the namespace is pinned beside it. In a copy of the host's namespace no pin is to be seen, and nothing is started from one. */
  | { readonly kind: 'record'; readonly record: PinRecord; readonly certain: boolean }
  | { readonly kind: 'absent' }
  | BrokenRecord;

/** Throws Unreadable. */
export function readPinRecord(path: string, pin: string, caller: Caller): PinnedRecord {
  const read = readRootRecord(path, parsePin);
  if (read.kind !== 'record') return read;
  const { record } = read;
  const certain = isPin(pin, record.inode);
  return certain || !seesWhat(record.host, caller)
    ? { kind: 'record', record, certain }
    : broken('tells of a namespace that is not pinned');
}
