/** `hooks install|remove NAME [--dir DIR]`: the ready-made hooks, which stand beside the runtime's own code. */
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { parseDefinition } from '../hooks/definition.js';
import { DIRECTORIES } from '../hooks/places.js';
import { codeOf } from '../host/error-code.js';
import { ownDirectory } from '../host/own-engine.js';
import {
  type Attempt,
  absolute,
  done,
  failed,
  type Invocation,
  type Outcome,
  ok,
  refuse,
} from './invocation.js';
import { readInput } from './read-input.js';

/** The programs and, beside each, its file for hooks.d. */
const readyMade = (): string => join(ownDirectory, 'hooks');

function known(): readonly string[] {
  try {
    const names = readdirSync(readyMade());
    return names.filter(name => name.endsWith('.json')).map(name => name.slice(0, -'.json'.length));
  } catch {
    return [];
  }
}

/** A hook may have several files, for other stages: NAME-STAGE.json. null: it cannot be read. */
function programOf(name: string): string | null {
  const file = join(readyMade(), `${name}.json`);
  try {
    const read = parseDefinition(file, readFileSync(file, 'utf8'));
    return read.kind === 'read' ? join(readyMade(), basename(read.definition.hook.path)) : null;
  } catch {
    return null;
  }
}

interface Place {
  readonly name: string;
  readonly program: string;
  readonly directory: string;
  readonly file: string;
  /** What stands there; null: nothing. */
  readonly text: string | null;
}

function placeOf(invocation: Invocation, action: string): Attempt<Place> {
  const { operands, options } = invocation.line;
  const name = operands[1];
  if (name === undefined)
    return refuse({
      kind: 'usage',
      fault: { kind: 'missing-operand', operand: 'NAME', command: `hooks ${action}` },
    });
  if (!known().includes(name)) return refuse({ kind: 'no-hook', name, known: known() });
  const given = options.lists.get('dir')?.at(-1) ?? options.lists.get('hooks-dir')?.at(-1);
  const directory = given === undefined ? DIRECTORIES[0] : absolute(invocation, given);
  const file = join(directory, `${name}.json`);
  const program = programOf(name);
  if (program === null)
    return refuse({ kind: 'file', verb: 'read', path: join(readyMade(), `${name}.json`), code: 'EINVAL' });
  let text: string | null = null;
  const there = readInput(file, file);
  if (there.kind === 'ok') text = Buffer.from(there.value).toString();
  else if (there.failure.kind !== 'file' || there.failure.code !== 'ENOENT') return there;
  if (text !== null && !isOurs(file, text, program)) return refuse({ kind: 'foreign-hook-file', file });
  return ok({ name, program, directory, file, text });
}

/** It runs the program that we would have it run. */
function isOurs(file: string, text: string, program: string): boolean {
  const read = parseDefinition(file, text);
  return read.kind === 'read' && read.definition.hook.path === program;
}

function write(place: Place, text: string): void {
  const draft = join(place.directory, `.${place.name}.json.${process.pid}`);
  mkdirSync(place.directory, { recursive: true, mode: 0o755 });
  const fd = openSync(draft, 'wx', 0o644);
  try {
    try {
      writeSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    // A file that somebody has put there in the meantime is his: link(2) does not replace it.
    if (place.text === null) linkSync(draft, place.file);
    else renameSync(draft, place.file);
  } finally {
    rmSync(draft, { force: true });
  }
}

export function installHook(invocation: Invocation): Outcome {
  const found = placeOf(invocation, 'install');
  if (found.kind === 'failure') return found;
  const place = found.value;
  const source = join(readyMade(), `${place.name}.json`);
  try {
    const definition = JSON.parse(readFileSync(source, 'utf8'));
    const text = `${JSON.stringify({ ...definition, hook: { ...definition.hook, path: place.program } }, null, 2)}\n`;
    if (text === place.text) return done(`${place.file} is there already\n`);
    write(place, text);
    return done(`${place.file} is written; the hook is ${place.program}\n`);
  } catch (error) {
    return failed({ kind: 'file', verb: 'write', path: place.file, code: codeOf(error) });
  }
}

export function removeHook(invocation: Invocation): Outcome {
  const found = placeOf(invocation, 'remove');
  if (found.kind === 'failure') return found;
  const { file, text } = found.value;
  if (text === null) return failed({ kind: 'file', verb: 'remove', path: file, code: 'ENOENT' });
  try {
    unlinkSync(file);
    return done(`${file} is removed\n`);
  } catch (error) {
    return failed({ kind: 'file', verb: 'remove', path: file, code: codeOf(error) });
  }
}
