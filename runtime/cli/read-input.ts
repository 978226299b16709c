/** Read a file that a caller names: config.json, process.json. */

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { CONFIG_LIMIT } from '../../spec/container-limits.js';
import { errnoName } from '../../spec/errno.js';
import { codeOf } from '../host/error-code.js';
import { beforeParsing } from '../host/foreseeable-hashes.js';
import { type Attempt, ok, refuse } from './invocation.js';

/** Bytes read at most; admit refuses what is longer, so one more says enough. */
const LIMIT = CONFIG_LIMIT + 1;
// NONBLOCK so that a fifo in place of the file cannot hold us up, NOCTTY so that a terminal does not become ours.
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/** All bytes of an open regular file. The offset is moved, the descriptor stays open. */
export function readDescriptor(fd: number, path: string): Attempt<Uint8Array> {
  try {
    const stat = fstatSync(fd);
    if (stat.isDirectory()) return refuse({ kind: 'file', verb: 'read', path, code: 'EISDIR' });
    if (!stat.isFile()) return refuse({ kind: 'not-a-file', path });
    beforeParsing(stat.size);
    let bytes = Buffer.allocUnsafe(Math.min(stat.size, LIMIT) + 1);
    let length = 0;
    for (;;) {
      const count = readSync(fd, bytes, length, bytes.length - length, null);
      length += count;
      if (count === 0 || length >= LIMIT) return ok(bytes.subarray(0, length));
      if (length === bytes.length) bytes = Buffer.concat([bytes, Buffer.allocUnsafe(bytes.length)]);
    }
  } catch (error) {
    return refuse({ kind: 'file', verb: 'read', path, code: codeOf(error) });
  }
}

/** The bytes of the file that the caller calls `path`, opened at `at`. */
export function readInput(path: string, at: string): Attempt<Uint8Array> {
  let fd: number;
  try {
    fd = openSync(at, FLAGS);
  } catch (error) {
    return refuse({ kind: 'file', verb: 'open', path, code: codeOf(error) });
  }
  try {
    return readDescriptor(fd, path);
  } finally {
    closeSync(fd);
  }
}

/** What the front door opened for us: a descriptor, -errno of its attempt, or 0 for none, in which case we open it. */
export function readHanded(handed: number, path: string, at: string): Attempt<Uint8Array> {
  if (handed > 0) return readDescriptor(handed, path);
  if (handed === 0) return readInput(path, at);
  return refuse({ kind: 'file', verb: 'open', path, code: errnoName(-handed) ?? String(-handed) });
}
