import type { ValuePath } from './diagnostic.js';

/** Objects and arrays inside each other; config.json needs 8. JSON.parse itself is slow on absurd depths. */
export const maximumDepth = 100;

/** Where every value of a JSON text begins and ends, in document order. Offsets are UTF-16 code units. */
export interface Outline {
  /** First character of each value. Index 0 is the whole document. */
  readonly starts: readonly number[];
  /** One past its last character. */
  readonly ends: readonly number[];
  /** Opening quote of its name, or -1 for what has none. */
  readonly names: readonly number[];
  /** Index of the first value that is not inside it. */
  readonly afters: readonly number[];
  /** A number of 16 characters or more is there: JSON.parse may have rounded it. */
  readonly hasLongNumbers: boolean;
  readonly hasNulls: boolean;
}

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const backslash = 0x5c;
const openBracket = 0x5b;
const letterN = 0x6e;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/**
 * One pass over a text that is valid JSON; for any other text the result says nothing, but there is one.
 * `undefined` if it is deeper than `maximumDepth`. Every start of `create` pays for this before the code is
 * warm, so the bulk (strings) is left to indexOf.
 */
export function outline(text: string): Outline | undefined {
  const starts: number[] = [];
  const ends: number[] = [];
  const names: number[] = [];
  const afters: number[] = [];
  let hasLongNumbers = false;
  let hasNulls = false;
  const open: number[] = [];
  let inObject = false;
  let name = -1;
  let at = 0;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code <= 0x20 || code === comma || code === colon) {
      at++;
    } else if (code === quote) {
      const end = stringEnd(text, at);
      if (inObject && name === -1) {
        name = at;
      } else {
        starts.push(at);
        ends.push(end);
        names.push(name);
        afters.push(starts.length);
        name = -1;
      }
      at = end;
    } else if (code === openBrace || code === openBracket) {
      if (open.length === maximumDepth) return undefined;
      open.push(starts.length);
      starts.push(at);
      ends.push(text.length);
      names.push(name);
      afters.push(-1);
      inObject = code === openBrace;
      name = -1;
      at++;
    } else if (code === closeBrace || code === closeBracket) {
      const closed = open.pop();
      if (closed === undefined) break;
      at++;
      ends[closed] = at;
      afters[closed] = starts.length;
      const outer = open[open.length - 1];
      inObject = outer !== undefined && text.charCodeAt(starts[outer] ?? 0) === openBrace;
      name = -1;
    } else {
      const end = scalarEnd(text, at);
      if (code === letterN) hasNulls = true;
      else if (end - at >= 16) hasLongNumbers = true;
      starts.push(at);
      ends.push(end);
      names.push(name);
      afters.push(starts.length);
      name = -1;
      at = end;
    }
  }
  for (const unclosed of open) afters[unclosed] = starts.length;
  return { starts, ends, names, afters, hasLongNumbers, hasNulls };
}

/** One past the closing quote of the string whose opening quote is at `at`. */
export function stringEnd(text: string, at: number): number {
  let end = text.indexOf('"', at + 1);
  while (end !== -1) {
    let before = end - 1;
    while (text.charCodeAt(before) === backslash) before--;
    // An even number of backslashes escape each other, not the quote.
    if ((end - before) % 2 === 1) return end + 1;
    end = text.indexOf('"', end + 1);
  }
  return text.length;
}

function scalarEnd(text: string, at: number): number {
  let end = at + 1;
  while (end < text.length) {
    const code = text.charCodeAt(end);
    if (code <= 0x20 || code === comma || code === closeBrace || code === closeBracket || code === quote)
      break;
    end++;
  }
  return end;
}

/** The name of a value that has one. */
export function nameOf(text: string, shape: Outline, value: number): string {
  const at = shape.names[value] ?? -1;
  const raw = text.slice(at + 1, stringEnd(text, at) - 1);
  return raw.includes('\\') ? String(JSON.parse(`"${raw}"`)) : raw;
}

/** The values directly inside an object or array, by name or index. Of equal names the last counts. */
export function membersOf(
  text: string,
  shape: Outline,
  container: number,
): ReadonlyMap<string | number, number> {
  const members = new Map<string | number, number>();
  const isArray = text.charCodeAt(shape.starts[container] ?? 0) === openBracket;
  const after = shape.afters[container] ?? 0;
  for (let value = container + 1; value < after; value = shape.afters[value] ?? after) {
    members.set(isArray ? members.size : nameOf(text, shape, value), value);
  }
  return members;
}

/** The way from the document's root to a value. */
export function pathOf(text: string, shape: Outline, value: number): ValuePath {
  const path: (string | number)[] = [];
  let container = 0;
  while (container !== value) {
    let index = 0;
    let child = container + 1;
    while ((shape.afters[child] ?? Number.POSITIVE_INFINITY) <= value) {
      child = shape.afters[child] ?? value;
      index++;
    }
    path.push((shape.names[child] ?? -1) === -1 ? index : nameOf(text, shape, child));
    container = child;
  }
  return path;
}
