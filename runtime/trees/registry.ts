/**
 * What is registered: trees by name, and what they share with the host. Read from `/etc/chos` and `/etc/chos.d/*.json` (read-registry.ts).
 */
import type { Share } from '../../spec/environment.js';
import type { RegisteredHooks } from '../../spec/generated/registry.js';
import type { Diagnostic } from '../admit/diagnostic.js';

export interface RegisteredTree {
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  readonly shares: readonly Share[];
  readonly backEnd: 'auto' | 'kmod' | 'pinned' | 'private';
  readonly readonly: boolean;
  readonly variables: readonly string[];
  readonly hooks: RegisteredHooks;
  /** A bind that asks to be private is not left out where the environment shows a slave. */
  readonly strict: boolean;
  readonly shell: string;
  readonly description: string;
  /** Where it is registered. */
  readonly file: string;
  readonly line: number;
  /** A diagnostic about its path, or about that of one of its shares. */
  readonly diagnose: (share: number | null, what: Diagnostic['what']) => Diagnostic;
}

export interface Registry {
  readonly trees: ReadonlyMap<string, RegisteredTree>;
  /** What every tree of a file shows, of all files: the shares of the skeleton. */
  readonly shares: readonly Share[];
  /** The tree of those who name none. */
  readonly defaultTree: string | null;
}

/** What one file says. */
export interface RegistryFile {
  readonly trees: readonly RegisteredTree[];
  readonly shares: readonly Share[];
  readonly defaultTree: { readonly name: string; diagnose(what: Diagnostic['what']): Diagnostic } | null;
}

export type ReadFile =
  | { readonly kind: 'read'; readonly file: RegistryFile }
  | { readonly kind: 'refused'; readonly diagnostics: readonly Diagnostic[] };

/** A name is a file name under the pins, a word on a command line, and never looks like an option or a generation (`NAME@N`). */
export function isTreeName(name: string): boolean {
  return /^[A-Za-z0-9_+][A-Za-z0-9_.+-]{0,63}$/.test(name);
}

/** The classic file lets a path stand for itself. */
export function isPathAlias(name: string): boolean {
  return /^\/[^\0@]+$/.test(name);
}
