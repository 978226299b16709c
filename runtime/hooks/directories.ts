/** The directories of hooks.d as Podman reads them: of equal file names the one of the later directory counts, and hooks run in the order of the names. */
import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CONFIG_LIMIT } from '../../spec/container-limits.js';
import { type Diagnostic, formatPath } from '../admit/diagnostic.js';
import { parseDefinition, programFaults, type ReadDefinition } from './definition.js';
import { isHookFile } from './places.js';

export interface HookFile {
  /** The file's name without `.json`. */
  readonly name: string;
  readonly file: string;
  readonly read:
    | ReadDefinition
    | { readonly kind: 'unreadable'; readonly code: string }
    /** A fifo, a device: Podman would wait for it. */
    | { readonly kind: 'not-a-file' };
  /** The file that counts instead. */
  readonly replacedBy: string | null;
}

/** A directory that is not there holds nothing; of one that cannot be read the errno's name is told. */
export interface Found {
  readonly files: readonly HookFile[];
  readonly unreadable: readonly { readonly directory: string; readonly code: string }[];
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'EIO';

function readOne(file: string): HookFile['read'] {
  let fd = -1;
  try {
    // A fifo without a writer does not hold us up.
    fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    const stat = fstatSync(fd);
    if (stat.isDirectory()) return { kind: 'unreadable', code: 'EISDIR' };
    if (!stat.isFile()) return { kind: 'not-a-file' };
    if (stat.size > CONFIG_LIMIT) return { kind: 'unreadable', code: 'EFBIG' };
    return parseDefinition(file, readFileSync(fd));
  } catch (error) {
    return { kind: 'unreadable', code: codeOf(error) };
  } finally {
    if (fd >= 0) closeSync(fd);
  }
}

/** `named`: the caller named them, so that they must be there. */
export function readDirectories(directories: readonly string[], named: boolean): Found {
  const unreadable: Found['unreadable'][number][] = [];
  const files: HookFile[] = [];
  for (const directory of directories) {
    try {
      const names = readdirSync(directory).filter(isHookFile);
      for (const name of names) {
        const file = join(directory, name);
        files.push({ name: name.slice(0, -'.json'.length), file, read: readOne(file), replacedBy: null });
      }
    } catch (error) {
      const code = codeOf(error);
      if (named || code !== 'ENOENT') unreadable.push({ directory, code });
    }
  }
  const last = new Map(files.map(({ name, file }) => [name, file]));
  const marked = files.map(one => {
    const counts = last.get(one.name);
    return { ...one, replacedBy: counts === one.file || counts === undefined ? null : counts };
  });
  marked.sort((one, other) => (one.name < other.name ? -1 : one.name > other.name ? 1 : 0));
  return { files: marked, unreadable };
}

/** What is wrong with a file: its text, else its program, else that an earlier one runs the same at the same stage. */
export function faultsOf(one: HookFile, all: readonly HookFile[]): readonly Diagnostic[] {
  const { read } = one;
  if (read.kind === 'refused') return read.diagnostics;
  if (read.kind !== 'read') return [];
  return [...programFaults(read), ...sameHook(one, read, all)];
}

function sameHook(
  one: HookFile,
  read: Extract<ReadDefinition, { kind: 'read' }>,
  all: readonly HookFile[],
): readonly Diagnostic[] {
  const key = ({ definition: { hook } }: typeof read): string => JSON.stringify([hook.path, hook.args ?? []]);
  for (const other of all) {
    if (other.file === one.file) return [];
    if (other.read.kind !== 'read' || other.replacedBy !== null || one.replacedBy !== null) continue;
    const { definition } = other.read;
    if (key(other.read) !== key(read)) continue;
    if (!definition.stages.some(stage => read.definition.stages.includes(stage))) continue;
    const first = `${other.file}: ${formatPath(['hook', 'path'])}`;
    return [read.document.diagnose(['hook', 'path'], { kind: 'duplicate', first })];
  }
  return [];
}
