/** What can be wrong with a tree that is to come in, or with what is asked of the store. Words: runtime/report/store-text.ts. */
export type StoreFault =
  | { readonly kind: 'needs-root'; readonly verb: string }
  /** A program that does the work is not installed. */
  | { readonly kind: 'no-program'; readonly program: string; readonly package: string }
  /** It ended badly: its first words, or how it ended. */
  | { readonly kind: 'program'; readonly program: string; readonly verb: string; readonly why: string }
  /** By a signal, which has taken back what was begun. */
  | { readonly kind: 'interrupted'; readonly verb: string; readonly signal: string }
  | { readonly kind: 'file'; readonly verb: string; readonly path: string; readonly code: string }
  /** A name that no tree can have, in the store. */
  | { readonly kind: 'bad-name'; readonly name: string }
  /** Another command has the lock. */
  | { readonly kind: 'busy'; readonly name: string }
  | { readonly kind: 'taken'; readonly name: string; readonly where: string; readonly ours: boolean }
  /** Registered, but not one that was imported. */
  | { readonly kind: 'not-ours'; readonly name: string; readonly where: string }
  | {
      readonly kind: 'no-version';
      readonly name: string;
      readonly wanted: string;
      readonly known: readonly string[];
    }
  /** Others than root could put something else in the place of trees. */
  | { readonly kind: 'untrusted-store'; readonly path: string }
  /** In the place of a name stands what no import has made. */
  | { readonly kind: 'foreign'; readonly name: string; readonly path: string }
  | { readonly kind: 'no-source'; readonly source: string; readonly why: SourceWhy }
  | { readonly kind: 'bad-image'; readonly source: string; readonly where: string; readonly why: string }
  | {
      readonly kind: 'no-image';
      readonly source: string;
      readonly wanted: string;
      readonly known: readonly string[];
    }
  /** That many are called so, or none was asked for. */
  | {
      readonly kind: 'several-images';
      readonly source: string;
      readonly wanted: string;
      readonly known: readonly string[];
    }
  | { readonly kind: 'unknown-recipe'; readonly name: string; readonly known: readonly string[] }
  | { readonly kind: 'bad-digest'; readonly what: string; readonly wanted: string; readonly found: string }
  /** A name with `..`. */
  | { readonly kind: 'leaves'; readonly what: string; readonly entry: string }
  | {
      readonly kind: 'too-many';
      readonly what: string;
      readonly unit: 'layers' | 'entries';
      readonly most: number;
    }
  | {
      readonly kind: 'too-large';
      readonly what: string;
      readonly limit: number;
      readonly by: 'room' | '--limit';
    }
  /** A squashfs cannot be mounted here. */
  | { readonly kind: 'no-loop'; readonly image: string }
  | { readonly kind: 'held'; readonly name: string; readonly holders: readonly string[] }
  /** The registry file says more than what was written at the import. */
  | { readonly kind: 'edited'; readonly name: string; readonly file: string };

export type SourceWhy =
  | 'transport'
  | 'one-image'
  | 'no-recipe'
  | 'mounted'
  | 'other-kind'
  | 'no-digest'
  | 'empty'
  | 'no-layout';

/** What was asked for, or why not. */
export type Result<Value> =
  | { readonly kind: 'ok'; readonly value: Value }
  | { readonly kind: 'fault'; readonly fault: StoreFault };

export const good = <Value>(value: Value): Result<Value> => ({ kind: 'ok', value });
export const bad = (fault: StoreFault): Result<never> => ({ kind: 'fault', fault });
export const fileFault = (verb: string, path: string, code: string): Result<never> =>
  bad({ kind: 'file', verb, path, code });
