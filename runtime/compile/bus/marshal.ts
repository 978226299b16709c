/**
 * The wire format of D-Bus (D-Bus Specification, "Type System" and "Marshaling (Wire Format)"), little endian, as far as messages need it that are part of a
 * program. What it makes begins at a multiple of 8.
 */

/** A value with a type of its own. */
export interface BusVariant {
  /** Signature of one complete type. */
  readonly type: string;
  readonly value: BusValue;
}

/** Numbers for y n q i u x t d, booleans for b, text for s o g, lists for arrays and structures. */
export type BusValue = number | bigint | boolean | string | BusVariant | readonly BusValue[];

const alignments: Readonly<Record<string, number>> = {
  y: 1,
  g: 1,
  v: 1,
  n: 2,
  q: 2,
  b: 4,
  i: 4,
  u: 4,
  s: 4,
  o: 4,
  a: 4,
  x: 8,
  t: 8,
  d: 8,
  '(': 8,
};

const integers: Readonly<Record<string, readonly [bytes: number, signed: boolean]>> = {
  y: [1, false],
  n: [2, true],
  q: [2, false],
  i: [4, true],
  u: [4, false],
  x: [8, true],
  t: [8, false],
};

/** Where the complete type that begins at `at` ends. A signature that is none is a mistake of the compiler's. */
function endOfType(signature: string, at: number): number {
  const letter = signature[at] ?? '';
  if (letter === 'a') return endOfType(signature, at + 1);
  if (letter !== '(') {
    if (alignments[letter] === undefined) throw new Error(`dbus-signature:${signature}`);
    return at + 1;
  }
  let end = at + 1;
  while (signature[end] !== ')') end = endOfType(signature, end);
  return end + 1;
}

/** The complete types in a signature, in their order. */
export function typesOf(signature: string): readonly string[] {
  const types: string[] = [];
  for (let at = 0; at < signature.length; ) {
    const end = endOfType(signature, at);
    types.push(signature.slice(at, end));
    at = end;
  }
  return types;
}

class Writer {
  private readonly bytes: number[] = [];

  get length(): number {
    return this.bytes.length;
  }
  align(to: number): void {
    while (this.bytes.length % to !== 0) this.bytes.push(0);
  }
  integer(value: number | bigint, width: number): void {
    this.align(width);
    const bits = BigInt.asUintN(8 * width, BigInt(value));
    for (let i = 0; i < width; i++) this.bytes.push(Number((bits >> BigInt(8 * i)) & 0xffn));
  }
  double(value: number): void {
    this.align(8);
    this.bytes.push(...new Uint8Array(new Float64Array([value]).buffer));
  }
  text(value: string, width: 1 | 4): void {
    const encoded = Buffer.from(value, 'utf8');
    this.integer(encoded.length, width);
    for (const byte of encoded) this.bytes.push(byte);
    this.bytes.push(0);
  }
  /** The length of an array, once it is known. */
  patch(at: number, value: number): void {
    for (let i = 0; i < 4; i++) this.bytes[at + i] = (value >>> (8 * i)) & 0xff;
  }
  done(): Uint8Array {
    return Uint8Array.from(this.bytes);
  }
}

const wrong = (type: string): Error => new Error(`dbus-type:${type}`);

function list(type: string, value: BusValue): readonly BusValue[] {
  if (!Array.isArray(value)) throw wrong(type);
  return value as readonly BusValue[];
}

function write(out: Writer, type: string, value: BusValue): void {
  const [letter = ''] = type;
  out.align(alignments[letter] ?? 1);
  const integer = integers[letter];
  if (integer !== undefined) {
    if (typeof value !== 'number' && typeof value !== 'bigint') throw wrong(type);
    const [bytes, signed] = integer;
    const fits = signed ? BigInt.asIntN(8 * bytes, BigInt(value)) : BigInt.asUintN(8 * bytes, BigInt(value));
    if (fits !== BigInt(value)) throw wrong(type);
    out.integer(value, bytes);
  } else if (letter === 'b') {
    if (typeof value !== 'boolean') throw wrong(type);
    out.integer(value ? 1 : 0, 4);
  } else if (letter === 'd') {
    if (typeof value !== 'number') throw wrong(type);
    out.double(value);
  } else if (letter === 's' || letter === 'o' || letter === 'g') {
    if (typeof value !== 'string') throw wrong(type);
    out.text(value, letter === 'g' ? 1 : 4);
  } else if (letter === 'v') {
    if (typeof value !== 'object' || Array.isArray(value) || !('type' in value)) throw wrong(type);
    out.text(value.type, 1);
    write(out, value.type, value.value);
  } else if (letter === 'a') {
    const items = list(type, value);
    const item = type.slice(1);
    out.integer(0, 4);
    const lengthAt = out.length - 4;
    // The padding to the first element is none of the array's length, and is there without one, too.
    out.align(alignments[item[0] ?? ''] ?? 1);
    const begin = out.length;
    for (const one of items) write(out, item, one);
    out.patch(lengthAt, out.length - begin);
  } else {
    const members = typesOf(type.slice(1, -1));
    const values = list(type, value);
    if (members.length !== values.length) throw wrong(type);
    members.forEach((member, i) => {
      write(out, member, values[i] as BusValue);
    });
  }
}

/** The values of a signature, one behind the other. */
export function marshal(signature: string, values: readonly BusValue[]): Uint8Array {
  const out = new Writer();
  const types = typesOf(signature);
  if (types.length !== values.length) throw wrong(signature);
  types.forEach((type, i) => {
    write(out, type, values[i] as BusValue);
  });
  return out.done();
}
