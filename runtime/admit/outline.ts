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

/** First character, one past the last character or 0, opening quote of the name or -1, first value not inside. */
const field = { start: 0, end: 1, name: 2, after: 3 } as const;

/**
 * A bracket, a string without escapes, or another scalar, and what separates it from the next. Everything in it is
 * a loop over one class of characters, for which V8 keeps no stack: no text is too long for it.
 */
const token = /(?:[{}[\]]|"[^"\\]*"|[^ \t\r\n,:"{}[\]]+)[ \t\r\n,:]*/y;
const separators = /[ \t\r\n,:]*/y;

const quote = 0x22;
const comma = 0x2c;
const backslash = 0x5c;
const openBracket = 0x5b;
const letterN = 0x6e;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/**
 * One pass over a text that is valid JSON; for any other text the result says nothing, but there is one.
 * `undefined` if it is deeper than `maximumDepth`. Every start of `create` pays for this before the code is warm,
 * when a step of JavaScript costs about 50 ns and a match of a compiled expression 100 ns: so one match for each
 * token, and nothing for the characters inside.
 */
export function outline(text: string): Outline | undefined {
  // Every value takes two characters at least, with its comma or bracket. Pages never touched cost nothing.
  const fields = new Int32Array(2 * text.length + 8);
  const open: number[] = [];
  let hasLongNumbers = false;
  let hasNulls = false;
  let inObject = false;
  let name = -1;
  let named = 0;
  let next = 0;
  let at = skip(separators, text, 0);
  while (at < text.length && next + 4 <= fields.length) {
    const code = text.charCodeAt(at);
    const after = skip(token, text, at);
    if (code === quote && inObject && name === -1) {
      name = at;
      named++;
    } else if (code === closeBrace || code === closeBracket) {
      const closed = open.pop();
      if (closed === undefined) break;
      fields[closed + field.end] = at + 1;
      fields[closed + field.after] = next >> 2;
      const outer = open[open.length - 1];
      inObject = outer !== undefined && text.charCodeAt(fields[outer] ?? 0) === openBrace;
    } else {
      fields[next] = at;
      fields[next + field.name] = name;
      name = -1;
      if (code === openBrace || code === openBracket) {
        if (open.length === maximumDepth) return undefined;
        open.push(next);
        inObject = code === openBrace;
      } else {
        fields[next + field.after] = (next >> 2) + 1;
        if (code === letterN) hasNulls = true;
        else if (code !== quote && after - at >= 16) hasLongNumbers = true;
      }
      next += 4;
    }
    at = after;
  }
  for (const unclosed of open) {
    fields[unclosed + field.end] = text.length;
    fields[unclosed + field.after] = next >> 2;
  }
  return { count: next >> 2, named, fields, hasLongNumbers, hasNulls };
}

/** Where `expression` stops matching from `at` on. */
function skip(expression: RegExp, text: string, at: number): number {
  expression.lastIndex = at;
  if (expression.test(text)) return expression.lastIndex;
  // A string with escapes, which the expression leaves to us.
  return skip(separators, text, stringEnd(text, at));
}

/** Offset of the value's first character. */
export function startOf(shape: Outline, value: number): number {
  return shape.fields[4 * value + field.start] ?? 0;
}

/** Offset of what comes after its last character. */
export function endOf(text: string, shape: Outline, value: number): number {
  const start = startOf(shape, value);
  const code = text.charCodeAt(start);
  if (code === quote) return stringEnd(text, start);
  if (code === openBrace || code === openBracket) return shape.fields[4 * value + field.end] ?? text.length;
  return scalarEnd(text, start);
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

/** Values inside this one, at any depth. */
export const insideOf = (shape: Outline, value: number): number => afterOf(shape, value) - value - 1;

/** The innermost value with more than `limit` inside, the first of several; the document itself if none has. */
export function heaviest(shape: Outline, limit: number): number {
  let heavy = 0;
  for (let value = 1; value < afterOf(shape, heavy); ) {
    const outweighs = insideOf(shape, value) > limit;
    if (outweighs) heavy = value;
    value = outweighs ? value + 1 : afterOf(shape, value);
  }
  return heavy;
}

/** The name of a value that has one. */
export function nameOf(text: string, shape: Outline, value: number): string {
  const at = nameStart(shape, value);
  const raw = text.slice(at + 1, stringEnd(text, at) - 1);
  return raw.includes('\\') ? String(JSON.parse(`"${raw}"`)) : raw;
}

export const isList = (text: string, shape: Outline, value: number): boolean =>
  text.charCodeAt(startOf(shape, value)) === openBracket;

/** The values directly inside an array, by index. Millions of them are four bytes each. */
export function itemsOf(shape: Outline, list: number): Int32Array {
  const after = afterOf(shape, list);
  // Pages never touched cost nothing.
  const items = new Int32Array(after - list);
  let count = 0;
  for (let value = list + 1; value < after; value = afterOf(shape, value)) items[count++] = value;
  return items.subarray(0, count);
}

/** The values directly inside an object, by name. Of equal names the last counts. */
export function membersOf(text: string, shape: Outline, container: number): ReadonlyMap<string, number> {
  const members = new Map<string, number>();
  const after = afterOf(shape, container);
  for (let value = container + 1; value < after; value = afterOf(shape, value))
    members.set(nameOf(text, shape, value), value);
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
