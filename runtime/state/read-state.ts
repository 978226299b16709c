/** Read containers from the state root. Robust against what is half made, foreign or hostile: nothing here follows a link out of the root. */
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
} from 'node:fs';
import { STATE_LIMIT } from '../../spec/container-limits.js';
import { beforeParsing, LargeInput } from '../host/foreseeable-hashes.js';
import { processInfo } from '../host/process-info.js';
import { type ContainerState, parseState, type Status } from './container-state.js';
import { isFrozen } from './frozen.js';

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
  /** The directory is not a directory of ours. */
  | { readonly kind: 'not-ours' };

/** The text of a regular file, without following a link or waiting for a fifo; null if it is not one, undefined if there is none. */
function textOf(path: string): string | null | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? undefined : null;
  }
  try {
    const { size } = fstatSync(fd);
    if (!fstatSync(fd).isFile() || size > STATE_LIMIT) return null;
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

function statusOf(directory: string, { pid, pidStart, chos }: ContainerState): Status {
  if (pid === 0) return 'creating';
  const info = processInfo(pid);
  if (info === null || info.dead || info.start !== pidStart) return 'stopped';
  // Before the gate: one that was paused before its start is paused.
  if (isFrozen(chos.cgroups)) return 'paused';
  return existsSync(`${directory}/exec.fifo`) ? 'created' : 'running';
}

/** The state of ROOT/ID as it is at this moment. */
export function readState(root: string, id: string): ReadState {
  const directory = `${root}/${id}`;
  let owner: number;
  try {
    const stat = lstatSync(directory);
    if (!stat.isDirectory()) return { kind: 'not-ours' };
    owner = stat.uid;
  } catch {
    return { kind: 'absent' };
  }
  if (owner !== 0 && owner !== process.geteuid?.()) return { kind: 'not-ours' };
  const text = textOf(`${directory}/state.json`);
  if (text === undefined) return { kind: 'half-created', durable: existsSync(`${directory}/program`) };
  const state = text === null ? null : parseState(id, text);
  if (state === null) return { kind: 'malformed' };
  return { kind: 'state', live: { state, status: statusOf(directory, state) } };
}

/** Every container of the root, by id; what cannot be read is left out. */
export function listStates(root: string): readonly LiveState[] {
  let names: string[];
  try {
    names = readdirSync(root);
  } catch {
    return [];
  }
  return names.sort().flatMap(id => {
    const read = readState(root, id);
    return read.kind === 'state' ? [read.live] : [];
  });
}
