/**
 * Whether a record of what is pinned is to be believed. Whoever is root in a container that shows the place of the pins (SECURITY.md) can write there, but
 * he can mount nothing in the host's mount namespace: so a record counts only beside a pin, which is a mount of nsfs, with the number that is in it.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import type { Caller } from '../../spec/caller.js';
import { type PinRecord, parsePin } from '../../spec/records/pin.js';
import type { Parsed } from '../../spec/records/record.js';
import { bootId } from '../host/boot-id.js';
import { seesWhat } from './caller.js';

/** A file of root's that nobody else could have written, of this boot, and whole. */
export function readRootRecord<Record extends { readonly boot: string }>(
  path: string,
  parse: (text: string) => Parsed<Record>,
): Record | null {
  let text: string;
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stat = fstatSync(fd);
      if (!stat.isFile() || stat.uid !== 0 || (stat.mode & 0o022) !== 0) return null;
      text = readFileSync(fd, 'utf8');
    } finally {
      closeSync(fd);
    }
  } catch {
    return null;
  }
  const parsed = parse(text);
  return parsed.kind === 'record' && parsed.record.boot === bootId() ? parsed.record : null;
}

function isPin(path: string, inode: number): boolean {
  try {
    const { dev, ino } = statSync(path);
    return dev === statSync('/proc/self/ns/mnt').dev && ino === inode;
  } catch {
    return false;
  }
}

/** `certain`: the namespace is pinned beside it. In a copy of the host's namespace no pin is to be seen, and nothing is started from one. */
export function readPinRecord(
  path: string,
  pin: string,
  caller: Caller,
): { readonly record: PinRecord; readonly certain: boolean } | null {
  const record = readRootRecord(path, parsePin);
  if (record === null) return null;
  const certain = isPin(pin, record.inode);
  return certain || !seesWhat(record.host, caller) ? { record, certain } : null;
}
