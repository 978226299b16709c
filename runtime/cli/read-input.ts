/** Read a file that a caller names: config.json, process.json. */

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { CONFIG_LIMIT } from '../../spec/container-limits.js';
import { errnoName } from '../../spec/errno.js';
import { unreachable } from '../../spec/unreachable.js';
import type { Input } from '../engine/wire.js';
import { codeOf } from '../host/error-code.js';
import { beforeParsing } from '../host/foreseeable-hashes.js';
import { type Attempt, ok, refuse } from './invocation.js';

/** Bytes read at most; admit refuses what is longer, so one more says enough. */
const LIMIT = CONFIG_LIMIT + 1;
// NONBLOCK so that a fifo in place of the file cannot hold us up, NOCTTY so that a terminal does not become ours.
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/** All bytes of an open regular file. */
function readDescriptor(fd: number, path: string): Attempt<Uint8Array> {
  try {
    const stat = fstatSync(fd);
    if (stat.isDirectory()) return refuse({ kind: 'file', verb: 'read', path, code: 'EISDIR' });
    if (!stat.isFile()) return refuse({ kind: 'not-a-file', path });
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

/** The same; the descriptor is closed. */
export function readOpened(fd: number, path: string): Attempt<Uint8Array> {
  try {
    return readDescriptor(fd, path);
  } finally {
    closeSync(fd);
  }
}

const counted = (read: Attempt<Uint8Array>): Attempt<Uint8Array> => {
  if (read.kind === 'ok') beforeParsing(read.value.length);
  return read;
};

/** The bytes of the file that the caller calls `path`, opened at `at`. */
export function readInput(path: string, at: string): Attempt<Uint8Array> {
  let fd: number;
  try {
    fd = openSync(at, FLAGS);
  } catch (error) {
    return refuse({ kind: 'file', verb: 'open', path, code: codeOf(error) });
  }
  return counted(readOpened(fd, path));
}

/** What the front door read for us; if that is none, we do. */
export function readHanded(input: Input, path: string, at: string): Attempt<Uint8Array> {
  switch (input.kind) {
    case 'none':
      return readInput(path, at);
    case 'bytes':
      return counted(ok(input.bytes));
    case 'not-a-file':
      return refuse({ kind: 'not-a-file', path });
    case 'failed': {
      const { verb, errno } = input;
      return refuse({ kind: 'file', verb, path, code: errnoName(errno) ?? String(errno) });
    }
    default:
      return unreachable(input);
  }
}
