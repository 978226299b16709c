/** Where a name (spec/reuse.ts) would not be seen in what is compiled, or something else be taken for one: such a start is compiled each time. */
import { hookKinds, type NormalConfig } from '../../spec/normal-config.js';
import { PROPERTY_PREFIX } from '../admit/normal/systemd-properties.js';
import { rawFilter } from '../compile/launch/annotations.js';

const LETTER = /^[0-9a-f.:T-]{4}$/;

/** Its bytes, four by four: the shortest name has twelve, and so one of these as a whole, wherever it begins. */
function spells(number: number | bigint): boolean {
  if (typeof number === 'number' && !Number.isInteger(number)) return true;
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(number)));
  return [0, 4].some(at => LETTER.test(bytes.toString('latin1', at, at + 4)));
}

/** Any number in it. */
function holdsSpelling(value: unknown): boolean {
  if (typeof value === 'number') return value > 0xffffff && spells(value);
  if (typeof value === 'bigint') return spells(value);
  if (typeof value !== 'object' || value === null) return false;
  const all: Iterable<unknown> =
    Symbol.iterator in value ? (value as Iterable<unknown>) : Object.values(value);
  for (const one of all) if (holdsSpelling(one)) return true;
  return false;
}

/** Masks with that bit may be longer than what a word spells. */
const LARGEST_BIT = 60;
const isLongMask = (list: string | null): boolean =>
  (list?.match(/\d+/g) ?? []).some(number => Number(number) > LARGEST_BIT);

const isLong = (set: { readonly ranges: readonly (readonly [number, number])[] } | null): boolean =>
  set?.ranges.some(([, last]) => last > LARGEST_BIT) ?? false;

/** Numbers beside each other: in an array, or a tuple. */
const isRow = (type: string): boolean => type.includes('d') || (type.length > 1 && /[ynqiuxt]/.test(type));

/** In milliseconds, as they are compiled. */
const timeouts = ({ hooks }: NormalConfig): readonly number[] =>
  hookKinds.flatMap(kind =>
    hooks[kind].flatMap(({ timeoutSeconds: seconds }) => (seconds === null ? [] : [seconds * 1000])),
  );

export function hidesNames(config: NormalConfig): boolean {
  const { annotations, unitProperties, linux, process } = config;
  const { cpu } = linux.resources;
  // In base64, and behind escapes of a text within a text; and no property is called so.
  const isOther = ([name, value]: readonly [string, string]): boolean =>
    name.startsWith(PROPERTY_PREFIX) && (value.includes('\\') || /\d/.test(name));
  return (
    rawFilter(config) !== null ||
    Object.entries(annotations).some(isOther) ||
    unitProperties.some(({ type }) => isRow(type)) ||
    isLongMask(cpu.cpus) ||
    isLongMask(cpu.mems) ||
    isLong(process.execCpuAffinity.initial) ||
    isLong(process.execCpuAffinity.final) ||
    isLong(linux.memoryPolicy?.nodes ?? null) ||
    holdsSpelling([config, timeouts(config)])
  );
}
