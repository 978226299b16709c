/** What `checkpoint` and `restore` have in common on the command line. */
import {
  type CgroupMode,
  cgroupModes,
  type EmptyNamespace,
  emptyNamespaces,
  type SharedFlag,
  sharedFlags,
} from '../../spec/criu.js';
import type { CriuAsked } from '../compile/criu/options.js';
import { codeOf } from '../host/error-code.js';
import { makeDirectories } from '../host/make-directories.js';
import { distrustWay } from '../state/trusted.js';
import { criuProgram } from './criu-program.js';
import { type Attempt, absolute, type Invocation, ok, refuse } from './invocation.js';

/** As runc: where the images are if nobody says it. */
const DEFAULT_IMAGES = 'checkpoint';

const keysOf = <K extends string>(table: Readonly<Record<K, unknown>>): readonly K[] =>
  Object.keys(table) as K[];

/** One of a table's words; null: it was not given. */
export function wordOf<K extends string>(
  { line }: Invocation,
  option: string,
  table: Readonly<Record<K, unknown>>,
): Attempt<K | null> {
  const value = line.options.texts.get(option);
  if (value === undefined) return ok(null);
  const words = keysOf(table);
  const word = words.find(one => one === value);
  return word === undefined ? refuse(badValue(`--${option}`, value, words)) : ok(word);
}

const badValue = (option: string, value: string, expected: readonly string[]) =>
  ({ kind: 'usage', fault: { kind: 'bad-value', option, value, expected } }) as const;

function emptyOf({ line }: Invocation): Attempt<readonly EmptyNamespace[]> {
  const known = keysOf(emptyNamespaces);
  const given = line.options.lists.get('empty-ns') ?? [];
  const wrong = given.find(name => !known.some(one => one === name));
  if (wrong !== undefined) return refuse(badValue('--empty-ns', wrong, known));
  return ok(known.filter(name => given.includes(name)));
}

/**
 * A directory that root and the caller alone can have written to: CRIU makes processes of what lies in the one, as they were, with all their rights, and writes its
 * log into the other. `make`: if it is missing.
 */
export function trustedDirectory(
  path: string,
  what: 'image directory' | 'work directory',
  make: boolean,
  euid: number,
): Attempt<string> {
  try {
    if (make) makeDirectories(path);
  } catch (error) {
    return refuse({ kind: 'file', verb: 'make', path, code: codeOf(error) });
  }
  const distrust = distrustWay(path, euid, what);
  return distrust === null ? ok(path) : refuse({ kind: 'distrust', distrust });
}

/** `make`: the directory of the images; that of the log is always made. */
export function criuAsked(invocation: Invocation, make: boolean): Attempt<CriuAsked> {
  const { texts, flags } = invocation.line.options;
  const cgroupMode = wordOf<CgroupMode>(invocation, 'manage-cgroups-mode', cgroupModes);
  if (cgroupMode.kind === 'failure') return cgroupMode;
  const empty = emptyOf(invocation);
  if (empty.kind === 'failure') return empty;
  const program = criuProgram(invocation);
  if (program.kind === 'failure') return program;
  const path = absolute(invocation, texts.get('image-path') ?? DEFAULT_IMAGES);
  const images = trustedDirectory(path, 'image directory', make, invocation.request.caller.euid);
  if (images.kind === 'failure') return images;
  const log = texts.get('work-path');
  const work =
    log === undefined
      ? images
      : trustedDirectory(absolute(invocation, log), 'work directory', true, invocation.request.caller.euid);
  if (work.kind === 'failure') return work;
  return ok({
    program: program.value,
    images: images.value,
    work: work.value,
    flags: keysOf<SharedFlag>(sharedFlags).filter(name => flags.has(name)),
    cgroupMode: cgroupMode.value ?? 'soft',
    emptyNamespaces: empty.value,
  });
}
