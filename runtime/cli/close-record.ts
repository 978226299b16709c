import { closeSync, existsSync, openSync, renameSync } from 'node:fs';
import { errnoName } from '../../spec/errno.js';
import { codeOf } from '../host/error-code.js';
import { type Attempt, ok, refuse } from './invocation.js';

/**
 * Stop new launches: they open the record and lock it, shared, until their process is inside. Once it has another name and was locked exclusively, nobody
 * is on the way any more, and /proc tells of everybody who is in. The locked descriptor is returned: as long as it is open the command is at work, and a record
 * of that name that nobody has locked was left by one that was killed (isAbandoned).
 */
export async function closeRecord(record: string, closing: string): Promise<Attempt<number>> {
  const isOpen = existsSync(record);
  try {
    if (isOpen) renameSync(record, closing);
  } catch (error) {
    return refuse({ kind: 'file', verb: 'close', path: record, code: codeOf(error) });
  }
  const locked = await lock(closing);
  if (locked.kind === 'failure' && isOpen) renameSync(closing, record);
  return locked;
}

async function lock(path: string): Promise<Attempt<number>> {
  try {
    const fd = openSync(path, 'r');
    const { lockExclusive } = await import('../host/libc.js');
    const errno = lockExclusive(fd);
    if (errno === 0) return ok(fd);
    closeSync(fd);
    return refuse({ kind: 'file', verb: 'lock', path, code: errnoName(errno) ?? String(errno) });
  } catch (error) {
    return refuse({ kind: 'file', verb: 'lock', path, code: codeOf(error) });
  }
}

/** The record was closed by a command that is there no more. */
export async function isAbandoned(closing: string): Promise<boolean> {
  try {
    const fd = openSync(closing, 'r');
    const { tryLockExclusive } = await import('../host/libc.js');
    const free = tryLockExclusive(fd);
    closeSync(fd);
    return free;
  } catch {
    return false;
  }
}
