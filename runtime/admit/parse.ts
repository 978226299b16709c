import { isUtf8 } from 'node:buffer';
import { CONFIG_LIMIT, VALUE_LIMIT } from '../../spec/container-limits.js';
import { type Diagnostic, formatPath, type Reason } from './diagnostic.js';
import { createDocument, type Document, Lines } from './document.js';
import {
  afterOf,
  endOf,
  heaviest,
  insideOf,
  maximumDepth,
  nameOf,
  nameStart,
  type Outline,
  outline,
  pathOf,
  startOf,
} from './outline.js';
import { findSyntaxFault } from './syntax.js';

/** A file to admit: its name as people know it, and what was read from it. */
export interface Source {
  readonly file: string;
  readonly text: string | Uint8Array;
}

/** Digits of the largest 64-bit number are 20; what is much longer is not worth an exact value. */
const longestExactNumber = 40;

/** More than anybody reads at once. */
export const maximumDiagnostics = 50;

/** A document, or why there is none. */
export type Parsed =
  | { readonly kind: 'parsed'; readonly document: Document }
  | { readonly kind: 'refused'; readonly diagnostics: readonly Diagnostic[] };

/**
 * Reads JSON. Beyond JSON.parse: numbers above 2^53 become bigints, properties that are `null` are left out (Go's
 * decoder, which runc and Podman use, takes null for absent, and so does crun) and in lists become empty texts, a name given
 * twice is refused.
 */
export function parse(source: Source): Parsed {
  const decoded = decode(source);
  if (typeof decoded !== 'string') return { kind: 'refused', diagnostics: [decoded] };
  const { file } = source;
  const shape = outline(decoded);
  if (shape === undefined) return refuseSyntax(file, decoded);
  if (insideOf(shape, 0) > VALUE_LIMIT) return refuseCount(file, decoded, shape);
  let value: unknown;
  try {
    value = JSON.parse(decoded);
  } catch {
    return refuseSyntax(file, decoded);
  }
  if (countNames(value) !== shape.named) {
    return { kind: 'refused', diagnostics: duplicateNames(file, decoded, shape) };
  }
  if (typeof value === 'object' && value !== null && (shape.hasLongNumbers || shape.hasNulls))
    correct(decoded, shape, value, 0);
  return { kind: 'parsed', document: createDocument(file, decoded, value, shape) };
}

function decode({ file, text }: Source): string | Diagnostic {
  const bytes = typeof text === 'string' ? Buffer.byteLength(text) : text.byteLength;
  if (bytes > CONFIG_LIMIT) return wholeFile(file, { kind: 'too-large', bytes, limit: CONFIG_LIMIT });
  const decoded = typeof text === 'string' ? text : decodeBytes(file, text);
  if (typeof decoded !== 'string') return decoded;
  if (decoded.startsWith('\uFEFF')) return wholeFile(file, { kind: 'byte-order-mark' });
  if (!/[^ \t\r\n]/.test(decoded)) return wholeFile(file, { kind: 'empty-file' });
  return decoded;
}

function decodeBytes(file: string, bytes: Uint8Array): string | Diagnostic {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isUtf8(buffer)) return buffer.toString('utf8');
  const bad = firstInvalidByte(buffer);
  const before = buffer.toString('utf8', 0, bad);
  // Only what stands before the fault can be counted in characters; of the rest, the line's end is enough.
  const text = before + buffer.toString('utf8', bad);
  const what: Reason = { kind: 'invalid-utf8', byte: buffer[bad] ?? 0 };
  return new Lines(text).diagnose(file, before.length, 1, '', what);
}

/** Offset of the first byte that does not continue well-formed UTF-8 (Unicode 15, table 3-7). */
function firstInvalidByte(bytes: Uint8Array): number {
  let at = 0;
  while (at < bytes.length) {
    const lead = bytes[at] ?? 0;
    const following =
      lead < 0x80 ? 0 : lead < 0xc2 ? -1 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : lead < 0xf5 ? 3 : -1;
    if (following === -1) return at;
    for (let index = 1; index <= following; index++) {
      const byte = bytes[at + index] ?? 0;
      // The second byte rules out overlong forms, surrogates and what is beyond U+10FFFF.
      const lowest = index > 1 ? 0x80 : lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
      const highest = index > 1 ? 0xbf : lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
      if (byte < lowest || byte > highest) return at;
    }
    at += following + 1;
  }
  return at;
}

function wholeFile(file: string, what: Reason): Diagnostic {
  return { file, line: 1, column: 1, length: 1, path: '', what, found: '', sourceLine: '' };
}

function refuseSyntax(file: string, text: string): Parsed {
  const fault = findSyntaxFault(text);
  // The outline and JSON.parse find no fault that findSyntaxFault does not (outline.test.ts), so this is a bug.
  if (fault === undefined) throw new Error(`${file}: refused by JSON.parse for a reason of its own`);
  const what: Reason =
    fault.problem === 'too-deep'
      ? { kind: 'too-deep', limit: maximumDepth }
      : { kind: 'syntax', problem: fault.problem };
  return { kind: 'refused', diagnostics: [new Lines(text).diagnose(file, fault.at, fault.length, '', what)] };
}

/** Before anything is made of it. What is no JSON at all is told as that. */
function refuseCount(file: string, text: string, shape: Outline): Parsed {
  if (findSyntaxFault(text) !== undefined) return refuseSyntax(file, text);
  const heavy = heaviest(shape, VALUE_LIMIT);
  const what: Reason = { kind: 'too-many-values', count: insideOf(shape, heavy), limit: VALUE_LIMIT };
  const path = formatPath(pathOf(text, shape, heavy));
  return {
    kind: 'refused',
    diagnostics: [new Lines(text).diagnose(file, startOf(shape, heavy), 1, path, what)],
  };
}

/** Names in a parsed value. JSON.parse keeps one of equal names, so that fewer than in the text tell of a second. */
function countNames(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) count += countNames(item);
    return count;
  }
  for (const item of Object.values(value)) count += 1 + countNames(item);
  return count;
}

function duplicateNames(file: string, text: string, shape: Outline): readonly Diagnostic[] {
  const lines = new Lines(text);
  const diagnostics: Diagnostic[] = [];
  for (let container = 0; container < shape.count; container++) {
    if (text[startOf(shape, container)] !== '{') continue;
    const first = new Map<string, number>();
    const after = afterOf(shape, container);
    for (let value = container + 1; value < after; value = afterOf(shape, value)) {
      const name = nameOf(text, shape, value);
      const at = nameStart(shape, value);
      if (diagnostics.length === maximumDiagnostics) return diagnostics;
      const before = first.get(name);
      if (before === undefined) {
        first.set(name, at);
        continue;
      }
      const what: Reason = { kind: 'duplicate-key', firstLine: lines.place(before).line };
      diagnostics.push(
        lines.diagnose(file, at, JSON.stringify(name).length, formatPath(pathOf(text, shape, value)), what),
      );
    }
  }
  return diagnostics;
}

/**
 * Walks the value and its outline side by side, puts exact numbers in and takes nulls out. One walk for all: to
 * look up each by its path would take quadratic time on a hostile file.
 */
function correct(text: string, shape: Outline, container: object, index: number): void {
  const after = afterOf(shape, index);
  const members = container as Record<string | number, unknown>;
  let position = 0;
  for (let child = index + 1; child < after; child = afterOf(shape, child)) {
    const named = nameStart(shape, child) !== -1;
    const name = named ? nameOf(text, shape, child) : position++;
    // The name is an own property already: this replaces a value and never sets a prototype, even for __proto__.
    const value = members[name];
    if (value === null && named) Reflect.deleteProperty(members, name);
    // In a list there must be something: for Go it is the zero value, of texts the empty one. Elsewhere it is of the wrong type as null is.
    else if (value === null) members[name] = '';
    else if (typeof value === 'object' && value !== null) correct(text, shape, value, child);
    else if (typeof value === 'number' && !Number.isSafeInteger(value)) {
      const digits = text.slice(startOf(shape, child), endOf(text, shape, child));
      if (digits.length <= longestExactNumber && /^-?\d+$/.test(digits)) members[name] = BigInt(digits);
    }
  }
}
