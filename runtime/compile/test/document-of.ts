/** A document with the value of a sample at its path (spec/effects/sample.ts), and the one that it is compared with. */
import type { Sample } from '../../../spec/effects/sample.js';

type Json = { [key: string]: unknown };
type Key = string | number;

function keysOf(path: string, names: readonly string[]): readonly Key[] {
  const left = [...names];
  return path
    .replaceAll('[]', '.[]')
    .split('.')
    .map(word => (word === '[]' ? 0 : word === '*' ? (left.shift() ?? 'one') : word));
}

/** Puts `value` at `path`; objects and lists on the way are made. */
function put(document: Json, keys: readonly Key[], value: unknown): void {
  let at = document as Record<Key, unknown>;
  for (const [i, key] of keys.slice(0, -1).entries()) {
    at[key] ??= typeof keys[i + 1] === 'number' ? [] : {};
    at = at[key] as Record<Key, unknown>;
  }
  const last = keys.at(-1) ?? '';
  if (value === undefined) delete at[last];
  else at[last] = value;
}

export function documentOf(base: object, path: string, sample: Sample, value: unknown): Json {
  const document = structuredClone(base) as Json;
  for (const [at, given] of Object.entries(sample.also ?? {})) put(document, keysOf(at, []), given);
  const keys = keysOf(path, sample.names ?? []);
  const parent = keys.slice(0, -1);
  for (const [name, given] of Object.entries(sample.beside ?? {})) put(document, [...parent, name], given);
  put(document, keys, value);
  return document;
}

/** As diagnostics name it. */
export function concretePath(path: string, sample: Sample): string {
  return keysOf(path, sample.names ?? [])
    .map((key, i) => (typeof key === 'number' ? `[${key}]` : i === 0 ? key : `.${key}`))
    .join('');
}
