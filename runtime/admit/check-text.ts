import type { Note, ValuePath } from './diagnostic.js';

/** Top-level properties whose texts never reach the kernel: they go into state.json, escaped. */
const neverInKernel: ReadonlySet<string> = new Set(['annotations']);

/**
 * Notes NUL characters and lone surrogates in values and names. JSON can only write them as escapes (a raw NUL
 * is a syntax error, a raw surrogate no UTF-8), so that almost every file is done with two searches.
 */
export function checkText(json: string, value: unknown, note: Note): void {
  if (!json.includes('\\u0000') && !/\\u[dD][89a-fA-F]/.test(json)) return;
  visit(value, [], note);
}

function visit(value: unknown, path: ValuePath, note: Note): void {
  if (typeof value === 'string') {
    checkOne(value, path, note);
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) visit(item, [...path, index], note);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, item] of Object.entries(value)) {
      if (path.length === 0 && neverInKernel.has(name)) continue;
      const inside = [...path, name];
      checkOne(name, inside, note);
      visit(item, inside, note);
    }
  }
}

function checkOne(text: string, path: ValuePath, note: Note): void {
  if (text.includes('\0')) note(path, { kind: 'nul-character' });
  if (/\p{Surrogate}/u.test(text)) note(path, { kind: 'lone-surrogate' });
}

/** Notes a path that is empty or does not start with a slash. */
export function checkAbsolute(text: string, path: ValuePath, note: Note): void {
  if (text === '') note(path, { kind: 'empty' });
  else if (!text.startsWith('/')) note(path, { kind: 'not-absolute' });
}

/** Notes entries of an environment that are not NAME=VALUE with a name. */
export function checkEnvironment(entries: readonly string[], path: ValuePath, note: Note): void {
  for (const [index, entry] of entries.entries()) {
    if (entry.indexOf('=') < 1) note([...path, index], { kind: 'not-an-assignment' });
  }
}
