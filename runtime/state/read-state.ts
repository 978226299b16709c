/** Read containers from the state root. Robust against what is half made, foreign or hostile: nothing here follows a link out of the root. */
import { closeSync, constants, existsSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { STATE_LIMIT } from '../../spec/container-limits.js';
import { type ContainerState, parseState, type Status } from '../../spec/records/state.js';
import { AGAIN_DIRECTORY } from '../../spec/reuse.js';
import { SERVICE_SOCKET } from '../../spec/wire.js';
import { unlessMissing } from '../host/error-code.js';
import { beforeParsing, LargeInput } from '../host/foreseeable-hashes.js';
import { processInfo } from '../host/process-info.js';
import { isFrozen } from './frozen.js';
import { type Distrust, distrustWay, openTrusted } from './trusted.js';

export interface LiveState {
  readonly state: ContainerState;
  readonly status: Status;
}

export type ReadState =
  | { readonly kind: 'state'; readonly live: LiveState }
  /** No such directory. */
  | { readonly kind: 'absent' }
  /** A directory without state.json: create is at work, or was killed. `durable`: it holds a program, so something may have been made outside. */
  | { readonly kind: 'half-created'; readonly durable: boolean }
  /** state.json is not whole, or not a regular file. */
  | { readonly kind: 'malformed' }
  /** Others could have written the state root, the directory or state.json. */
  | { readonly kind: 'distrust'; readonly distrust: Distrust };

/** The text of an open file; null: it is not readable, or too long to be one of ours. */
function textOf(fd: number): string | null {
  try {
    const { size } = fstatSync(fd);
    if (size > STATE_LIMIT) return null;
    beforeParsing(size);
    const bytes = Buffer.alloc(size);
    return bytes.toString('utf8', 0, readSync(fd, bytes, 0, size, 0));
  } catch (error) {
    if (error instanceof LargeInput) throw error;
    return null;
  } finally {
    closeSync(fd);
  }
}

/** A fifo of the container that a command or init holds open as long as it is at work (docs/launch-program.md). */
function isHeld(path: string): boolean {
  // Nearly always there is none, and an exception costs more than asking first.
  if (!existsSync(path)) return false;
  try {
    closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW));
    return true;
  } catch {
    return false;
  }
}

/** In the order of the stored programs (runtime/compile/stored/subroutines.ts), so that `list` and `state` say the same. */
function statusOf(directory: string, { pid, pidStart, chos }: ContainerState): Status {
  if (pid === 0) return 'creating';
  const info = processInfo(pid);
  // Those who are in the pid namespace of the container, as createContainer hooks are, do not see it.
  if (info === null) return isHeld(`${directory}/creating`) ? 'creating' : 'stopped';
  if (info.start !== pidStart) return 'stopped';
  if (isHeld(`${directory}/creating`)) return 'creating';
  if (info.dead) return 'stopped';
  // Before the gate: one that was paused before its start is paused.
  if (isFrozen(chos.cgroups)) return 'paused';
  return existsSync(`${directory}/exec.fifo`) || isHeld(`${directory}/exec.err`) ? 'created' : 'running';
}

/** The way to ROOT being trusted. */
function readBelow(root: string, id: string, euid: number, parse: typeof parseState): ReadState {
  const directory = `${root}/${id}`;
  const opened = openTrusted('state directory', directory, euid);
  if (opened.kind === 'missing') return { kind: 'absent' };
  if (opened.kind === 'distrust') return opened;
  closeSync(opened.fd);
  const file = openTrusted('file', `${directory}/state.json`, euid);
  if (file.kind === 'missing') return { kind: 'half-created', durable: existsSync(`${directory}/program`) };
  if (file.kind === 'distrust') return file.distrust.why.kind === 'other-kind' ? { kind: 'malformed' } : file;
  const text = textOf(file.fd);
  const parsed = text === null ? null : parse(id, text);
  if (parsed?.kind !== 'record') return { kind: 'malformed' };
  return { kind: 'state', live: { state: parsed.record, status: statusOf(directory, parsed.record) } };
}

/** The state of ROOT/ID as it is at this moment, to a caller of that effective user. `parse`: as parseState, which it may remember. */
export function readState(root: string, id: string, euid: number, parse = parseState): ReadState {
  const distrust = distrustWay(root, euid);
  return distrust === null ? readBelow(root, id, euid, parse) : { kind: 'distrust', distrust };
}

export type ReadStates =
  /** `unread`: what bears the name of a container, and is none that can be read or trusted. */
  | { readonly kind: 'states'; readonly states: readonly LiveState[]; readonly unread: readonly string[] }
  | { readonly kind: 'distrust'; readonly distrust: Distrust };

/** Every container of the root, by id; what cannot be read, or is not trusted, is left out. Throws Unreadable where the root itself cannot be read. */
export function readStates(root: string, euid: number): ReadStates {
  const distrust = distrustWay(root, euid);
  if (distrust !== null) return { kind: 'distrust', distrust };
  const names = unlessMissing(root, () => readdirSync(root)) ?? [];
  const states: LiveState[] = [];
  const unread: string[] = [];
  for (const id of names.sort()) {
    const read = readBelow(root, id, euid, parseState);
    // That of the compiler's service lies beside them, and what is left for other starts.
    if ((id === SERVICE_SOCKET || id === AGAIN_DIRECTORY) && read.kind === 'distrust') continue;
    if (read.kind === 'state') states.push(read.live);
    if (read.kind === 'malformed' || read.kind === 'distrust') unread.push(id);
  }
  return { kind: 'states', states, unread };
}

/** The same where a root that is not trusted counts as empty: those who only want to tell names. */
export function listStates(root: string, euid: number): readonly LiveState[] {
  const read = readStates(root, euid);
  return read.kind === 'states' ? read.states : [];
}
