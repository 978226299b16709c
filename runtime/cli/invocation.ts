/** What every command is given and what it gives back. */
import { isAbsolute, join } from 'node:path';
import type { Entry } from '../../spec/commands.js';
import type { Request, Values } from '../engine/wire.js';
import { followedPath } from '../host/followed-path.js';
import type { Failure } from '../report/failure.js';
import type { CommandLine } from './arguments.js';

export interface Invocation {
  readonly request: Request;
  readonly line: CommandLine;
  /** Absolute directory of the container states. */
  readonly root: string;
}

export type Outcome =
  | {
      readonly kind: 'done';
      readonly out: string;
      readonly exitCode?: number;
      /** One line each. */
      readonly warnings?: readonly string[];
    }
  /** `out`: what was done all the same. */
  | { readonly kind: 'failure'; readonly failure: Failure; readonly exitCode?: number; readonly out?: string }
  | {
      readonly kind: 'launch';
      readonly entry: Entry;
      readonly image: Uint8Array;
      readonly values: Values;
      /** Of the same question the same program comes: the engine may use it again (spec/reuse.ts). */
      readonly reusable?: boolean;
      /** Of a `create` or `run`: where the engine finds the same (spec/looks.ts). */
      readonly looks?: Uint8Array;
      /** One line each, written when the program has succeeded. */
      readonly warnings?: readonly string[];
    }
  /** Run this entry of the program that create stored; the front door opens it. */
  | { readonly kind: 'stored'; readonly entry: Entry; readonly values: Values }
  /** Not by the service (Request.served), and why. */
  | { readonly kind: 'cold'; readonly message: string };

/** What a command does. */
export type Run = (invocation: Invocation) => Outcome | Promise<Outcome>;

export function done(out: string, warnings: readonly string[] = []): Outcome {
  return { kind: 'done', out, warnings };
}

export function failed(failure: Failure): Outcome {
  return { kind: 'failure', failure };
}

/** A step on the way to an outcome: what was asked for, or why not. */
export type Attempt<Value> =
  | { readonly kind: 'ok'; readonly value: Value }
  | { readonly kind: 'failure'; readonly failure: Failure };

export function ok<Value>(value: Value): Attempt<Value> {
  return { kind: 'ok', value };
}

export function refuse(failure: Failure): Attempt<never> {
  return { kind: 'failure', failure };
}

/** Below it nothing is, nor can be made: ENOTDIR. */
const NOWHERE = '/dev/null';

const isNameless = ({ request }: Pick<Invocation, 'request'>, path: string): boolean =>
  request.cwd === '' && !isAbsolute(path);

/** A path of the caller's, seen from the caller's directory; if that has no name, not from ours. */
export function absolute(invocation: Pick<Invocation, 'request'>, path: string): string {
  return isNameless(invocation, path)
    ? join(NOWHERE, join('/', path))
    : followedPath(invocation.request.cwd, path);
}

/** The same of a directory from which other paths begin, with `..` in them. */
export function absoluteBase(invocation: Pick<Invocation, 'request'>, path: string): Attempt<string> {
  return isNameless(invocation, path)
    ? refuse({ kind: 'file', verb: 'find the absolute path of', path, code: 'ENOENT' })
    : ok(absolute(invocation, path));
}

/** The caller's environment variable; an empty one counts as not set (Podman passes XDG_RUNTIME_DIR= as root). */
export function variable(request: Request, name: string): string | null {
  const entry = request.environment.find(text => text.startsWith(`${name}=`));
  const value = entry?.slice(name.length + 1) ?? '';
  return value === '' ? null : value;
}
