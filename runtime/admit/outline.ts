import type { ValuePath } from './diagnostic.js';

/** Objects and arrays inside each other; config.json needs 8. JSON.parse itself is slow on absurd depths. */
export const maximumDepth = 100;

/** Where every value of a JSON text begins and ends, in document order. Offsets are UTF-16 code units. */
export interface Outline {
  /** Values; the document itself is number 0. */
  readonly count: number;
  /** Values that have a name, which is all those directly inside objects. */
  readonly named: number;
  /** Four numbers for each value, in the order of `field`. */
  readonly fields: Int32Array;
  /** A number of 16 characters or more is there: JSON.parse may have rounded it. */
  readonly hasLongNumbers: boolean;
  readonly hasNulls: boolean;
}

/** First character, one past the last character, opening quote of the name or -1, first value not inside. */
const field = { start: 0, end: 1, name: 2, after: 3 } as const;

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
  const length = text.length;
  // Every value takes two characters at least, with its comma or bracket. Pages never touched cost nothing.
  const fields = new Int32Array(2 * length + 8);
  const open: number[] = [];
  let hasLongNumbers = false;
  let hasNulls = false;
  let inObject = false;
  let name = -1;
  let named = 0;
  let next = 0;
  let at = 0;
  while (at < length && next + 4 <= fields.length) {
    const code = text.charCodeAt(at);
    if (code <= 0x20 || code === comma || code === colon) {
      // Half of an indented file is white space, and this loop is a third of the time of the one around it.
      do at++;
      while (text.charCodeAt(at) <= 0x20);
      continue;
    }
    if (code === closeBrace || code === closeBracket) {
      const closed = open.pop();
      if (closed === undefined) break;
      at++;
      fields[closed + field.end] = at;
      fields[closed + field.after] = next >> 2;
      const outer = open[open.length - 1];
      inObject = outer !== undefined && text.charCodeAt(fields[outer] ?? 0) === openBrace;
      continue;
    }
    let end = at + 1;
    if (code === quote) {
      // The only call in this loop: of two, V8 (Node 20) makes one search before the branches that need it, so that
      // every character of a text without quotes is followed by a search to its end.
      end = stringEnd(text, at);
      if (inObject && name === -1) {
        name = at;
        named++;
        at = end;
        continue;
      }
    }
    fields[next] = at;
    fields[next + field.name] = name;
    name = -1;
    if (code === openBrace || code === openBracket) {
      if (open.length === maximumDepth) return undefined;
      open.push(next);
      inObject = code === openBrace;
      at++;
      next += 4;
      continue;
    }
    if (code !== quote) {
      end = scalarEnd(text, at);
      if (code === letterN) hasNulls = true;
      else if (end - at >= 16) hasLongNumbers = true;
    }
    fields[next + field.end] = end;
    next += 4;
    fields[next - 4 + field.after] = next >> 2;
    at = end;
  }
  for (const unclosed of open) {
    fields[unclosed + field.end] = length;
    fields[unclosed + field.after] = next >> 2;
  }
  return { count: next >> 2, named, fields, hasLongNumbers, hasNulls };
}

/** Offset of the value's first character. */
export function startOf(shape: Outline, value: number): number {
  return shape.fields[4 * value + field.start] ?? 0;
}

/** Offset of what comes after its last character. */
export function endOf(shape: Outline, value: number): number {
  return shape.fields[4 * value + field.end] ?? 0;
}

/** Offset of its name's opening quote; -1 if it has no name. */
export function nameStart(shape: Outline, value: number): number {
  return value < shape.count ? (shape.fields[4 * value + field.name] ?? -1) : -1;
}

/** The first value in document order that is not inside this one. */
export function afterOf(shape: Outline, value: number): number {
  return value < shape.count ? (shape.fields[4 * value + field.after] ?? shape.count) : shape.count;
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
  const at = nameStart(shape, value);
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
  const after = afterOf(shape, container);
  for (let value = container + 1; value < after; value = afterOf(shape, value)) {
    members.set(nameStart(shape, value) === -1 ? members.size : nameOf(text, shape, value), value);
  }
  return members;
}

/** The way from the document's root to a value. */
export function pathOf(text: string, shape: Outline, value: number): ValuePath {
  const path: (string | number)[] = [];
  let container = 0;
  while (container < value) {
    let index = 0;
    let child = container + 1;
    while (afterOf(shape, child) <= value) {
      child = afterOf(shape, child);
      index++;
    }
    path.push(nameStart(shape, child) === -1 ? index : nameOf(text, shape, child));
    container = child;
  }
  return path;
}
