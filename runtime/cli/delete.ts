import { closeSync, constants, openSync, rmSync } from 'node:fs';
import { errnoName } from '../../spec/errno.js';
import { codeOf } from '../host/error-code.js';
import { type ReadState, readState } from '../state/read-state.js';
import { containerId } from './container-id.js';
import { type Attempt, done, failed, type Invocation, type Outcome, ok, refuse } from './invocation.js';
import { givenValues } from './launch-values.js';
import { eachMatching } from './matching.js';
import { storedProgram } from './stored-program.js';

/** The lock that create, start and delete hold on ROOT/ID. null: the directory has gone meanwhile. */
async function lockDirectory(directory: string): Promise<Attempt<number | null>> {
  const { lockExclusive } = await import('../host/libc.js');
  let fd: number;
  try {
    fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    const code = codeOf(error);
    return code === 'ENOENT' ? ok(null) : refuse({ kind: 'file', verb: 'open', path: directory, code });
  }
  const errno = lockExclusive(fd);
  if (errno === 0) return ok(fd);
  closeSync(fd);
  return refuse({ kind: 'file', verb: 'lock', path: directory, code: errnoName(errno) ?? String(errno) });
}

const isHollow = (read: ReadState): boolean => read.kind === 'half-created' && !read.durable;

/**
 * Remove a directory in which create had not yet stored its program, so that nothing was made outside it. A create that is still at work has the
 * lock; when it is free, either there is a program or nobody will make one.
 */
async function removeHollow(invocation: Invocation, id: string): Promise<Outcome> {
  const directory = `${invocation.root}/${id}`;
  const lock = await lockDirectory(directory);
  if (lock.kind === 'failure') return failed(lock.failure);
  const again = readState(invocation.root, id, invocation.request.caller.euid);
  if (again.kind === 'absent') return done('');
  if (again.kind === 'distrust') return failed(again);
  if (!isHollow(again)) return storedProgram(invocation, 'delete', givenValues(invocation));
  try {
    rmSync(directory, { recursive: true, force: true });
    return done('');
  } catch (error) {
    return failed({ kind: 'file', verb: 'remove', path: directory, code: codeOf(error) });
  }
}

/**
 * `delete` of what has no program: unknown, or killed while it was made. Podman deletes with --force after every failed create and expects exit
 * code 0.
 */
export async function deleteContainer(invocation: Invocation): Promise<Outcome> {
  const { flags } = invocation.line.options;
  if (flags.has('regex'))
    return eachMatching(invocation, id => ['delete', ...(flags.has('force') ? ['--force'] : []), id]);
  const named = containerId(invocation);
  if (named.kind === 'failure') return failed(named.failure);
  const id = named.value;
  const force = flags.has('force');
  const read = readState(invocation.root, id, invocation.request.caller.euid);
  if (read.kind === 'absent') return force ? done('') : failed({ kind: 'no-container', id });
  if (read.kind === 'distrust') return failed(read);
  if (!isHollow(read)) return storedProgram(invocation, 'delete', givenValues(invocation));
  return force ? removeHollow(invocation, id) : failed({ kind: 'half-created', id, verb: 'delete' });
}
