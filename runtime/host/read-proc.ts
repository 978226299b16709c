import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { codeOf, Unreadable } from './error-code.js';

/** Such a file gives no size, so node:fs would get itself 64 KiB for each. */
let room = Buffer.allocUnsafe(8192);

/** Of us and of the machine, and not of the file. */
const OURS = ['EMFILE', 'ENFILE', 'ENOMEM', 'EIO'];

/** The whole text of a small file of /proc or /sys; null where there is none, or none for us. Throws Unreadable where nothing can be read now. */
export function readProc(path: string): string | null {
  // Making an exception costs a tenth of a millisecond, asking first nearly nothing.
  if (!existsSync(path)) return null;
  let fd = -1;
  try {
    fd = openSync(path, 'r');
    for (let length = 0; ; ) {
      const count = readSync(fd, room, length, room.length - length, null);
      length += count;
      if (count === 0) return room.toString('utf8', 0, length);
      if (length === room.length) room = Buffer.concat([room, room]);
    }
  } catch (error) {
    const code = codeOf(error);
    if (OURS.includes(code)) throw new Unreadable(path, code);
    return null;
  } finally {
    if (fd >= 0) closeSync(fd);
  }
}
