/**
 * Annotations org.systemd.property.NAME: a property of the scope, its value as text of GVariant (glib, "GVariant Text Format"), as runc has it. Without variants,
 * dictionaries, paths and signatures, which no property of a scope needs.
 */
import type { UnitProperty, UnitValue } from '../../../spec/systemd.js';

export const PROPERTY_PREFIX = 'org.systemd.property.';

/** Texts that are no value of a property. */
class Malformed extends Error {}

interface Typed {
  readonly type: string;
  readonly value: UnitValue;
}

const keywords: Readonly<Record<string, string>> = {
  boolean: 'b',
  byte: 'y',
  int16: 'n',
  uint16: 'q',
  int32: 'i',
  uint32: 'u',
  int64: 'x',
  uint64: 't',
  double: 'd',
  string: 's',
};

/** Bits, and whether there is a sign. */
const integers: Readonly<Record<string, readonly [number, boolean]>> = {
  y: [8, false],
  n: [16, true],
  q: [16, false],
  i: [32, true],
  u: [32, false],
  x: [64, true],
  t: [64, false],
};

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  b: '\b',
  f: '\f',
  v: '\v',
  a: '\x07',
};

/** Arrays in arrays; a property has two. */
const DEEPEST = 8;

class Reader {
  private at = 0;
  constructor(private readonly text: string) {}

  /** What the pattern finds here, behind blanks; it has the flag y. */
  take(pattern: RegExp): string | null {
    while (/\s/.test(this.text[this.at] ?? '')) this.at++;
    pattern.lastIndex = this.at;
    const [found] = pattern.exec(this.text) ?? [];
    if (found === undefined) return null;
    this.at += found.length;
    return found;
  }
  end(): void {
    this.take(/\s*/y);
    if (this.at !== this.text.length) throw new Malformed();
  }
  /** `type`: what it must be, if that is known. */
  value(type: string | null, depth: number): Typed {
    if (depth > DEEPEST) throw new Malformed();
    const declared = this.take(/@(?:a*(?:[bynqiuxtds]|\(a*[bynqiuxtds]+\)))(?=\s)/y)?.slice(1);
    const keyword = this.take(/[a-z]+[0-9]*(?=\s)/y);
    if (keyword !== null && keyword !== 'true' && keyword !== 'false') {
      const named = keywords[keyword];
      if (named === undefined) throw new Malformed();
      return this.bare(same(same(named, declared ?? null), type), depth);
    }
    if (keyword !== null) return boolean(keyword, same(declared ?? null, type));
    return this.bare(same(declared ?? null, type), depth);
  }
  private bare(type: string | null, depth: number): Typed {
    const word = this.take(/true\b|false\b/y);
    if (word !== null) return boolean(word, type);
    if (this.take(/\[/y) !== null) return this.array(type, depth);
    if (this.take(/\(/y) !== null) return this.tuple(type, depth);
    const quoted = this.take(/'(?:[^'\\]|\\[\s\S])*'|"(?:[^"\\]|\\[\s\S])*"/y);
    if (quoted !== null) return text(quoted, type);
    const number = this.take(/[-+]?(?:0[xX][0-9a-fA-F]+|[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?)/y);
    if (number === null) throw new Malformed();
    return numeric(number, type);
  }
  private array(type: string | null, depth: number): Typed {
    if (type !== null && !type.startsWith('a')) throw new Malformed();
    let element = type === null ? null : type.slice(1);
    const values: UnitValue[] = [];
    if (this.take(/\]/y) === null)
      do {
        const one = this.value(element, depth + 1);
        element = one.type;
        values.push(one.value);
      } while (this.more(/\]/y));
    // Of what an empty array is one has to be said.
    if (element === null) throw new Malformed();
    return { type: `a${element}`, value: values };
  }
  private tuple(type: string | null, depth: number): Typed {
    const members: Typed[] = [];
    do members.push(this.value(null, depth + 1));
    while (this.more(/\)/y));
    const found = `(${members.map(one => one.type).join('')})`;
    return { type: same(found, type) ?? found, value: members.map(one => one.value) };
  }
  /** Behind a comma; false at the end. */
  private more(end: RegExp): boolean {
    if (this.take(end) !== null) return false;
    if (this.take(/,/y) === null) throw new Malformed();
    return this.take(end) === null;
  }
}

/** Both, if they agree; or the one that is known. */
function same(one: string | null, other: string | null): string | null {
  if (one !== null && other !== null && one !== other) throw new Malformed();
  return one ?? other;
}

function boolean(word: string, type: string | null): Typed {
  if ((type ?? 'b') !== 'b') throw new Malformed();
  return { type: 'b', value: word === 'true' };
}

function text(quoted: string, type: string | null): Typed {
  if ((type ?? 's') !== 's') throw new Malformed();
  const value = quoted
    .slice(1, -1)
    .replace(/\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([\s\S]))/g, (_, short, long, letter: string) => {
      if (letter !== undefined) return escapes[letter] ?? letter;
      const code = Number.parseInt(short ?? long, 16);
      if (code > 0x10ffff) throw new Malformed();
      return String.fromCodePoint(code);
    });
  // Neither has a place in a text of D-Bus.
  if (value.includes('\0') || /\p{Surrogate}/u.test(value)) throw new Malformed();
  return { type: 's', value };
}

function numeric(written: string, type: string | null): Typed {
  const isHex = /^[-+]?0[xX]/.test(written);
  const isWhole = isHex || !/[.eE]/.test(written);
  const wanted = type ?? (isWhole ? 'i' : 'd');
  if (wanted === 'd') return { type: 'd', value: Number(written) };
  const [bits, signed] = integers[wanted] ?? [0, false];
  if (bits === 0 || !isWhole) throw new Malformed();
  const magnitude = BigInt(written.replace(/^[-+]/, ''));
  const value = written.startsWith('-') ? -magnitude : magnitude;
  if ((signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value)) !== value) throw new Malformed();
  return { type: wanted, value };
}

/** `TimeoutStopSec`, for which D-Bus knows `TimeoutStopUSec` alone. */
function inMicroseconds(name: string, { type, value }: Typed): UnitProperty {
  if (!/[a-z]Sec$/.test(name)) return { name, type, value };
  if (typeof value !== 'bigint' && typeof value !== 'number') throw new Malformed();
  const microseconds = BigInt(type === 'd' ? Math.round(Number(value) * 1e6) : BigInt(value) * 1_000_000n);
  if (BigInt.asUintN(64, microseconds) !== microseconds) throw new Malformed();
  return { name: name.replace(/Sec$/, 'USec'), type: 't', value: microseconds };
}

/** Null: it is none. */
export function unitProperty(annotation: string, written: string): UnitProperty | null {
  const name = annotation.slice(PROPERTY_PREFIX.length);
  if (!/^[A-Za-z]{3,}$/.test(name)) return null;
  const reader = new Reader(written);
  try {
    const value = reader.value(null, 0);
    reader.end();
    return inMicroseconds(name, value);
  } catch (error) {
    if (error instanceof Malformed || error instanceof RangeError || error instanceof SyntaxError)
      return null;
    throw error;
  }
}

/** Those that are well formed: admission refuses others. */
export function unitProperties(annotations: Readonly<Record<string, string>>): readonly UnitProperty[] {
  return Object.entries(annotations).flatMap(([annotation, written]) => {
    const found = annotation.startsWith(PROPERTY_PREFIX) ? unitProperty(annotation, written) : null;
    return found === null ? [] : [found];
  });
}
