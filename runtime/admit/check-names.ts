import { isRecord } from '../../spec/is-record.js';
import type { Note, ValuePath } from './diagnostic.js';

/** The names that an object may have, and of what; the registry's, if it is not said. */
export interface Names {
  readonly allowed: readonly string[];
  readonly of?: string;
}

/** In a file that only people write, an unknown property is a misspelt one. */
export function checkNames(value: unknown, names: Names, path: ValuePath, note: Note): void {
  if (!isRecord(value)) return;
  for (const name of Object.keys(value))
    if (!names.allowed.includes(name)) note([...path, name], { kind: 'unknown-name', ...names });
}
