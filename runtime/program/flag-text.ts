/** Numbers as strace writes them: flags and modes by name, unknown bits in hexadecimal. */
import { type FlagSet, type FlagSetName, flagSet } from '../../spec/flag-sets.js';
import type { Arch } from '../../spec/image.js';
import { LAST_SIGNAL, signals } from '../../spec/signals.js';

const unsigned = (value: number | bigint): bigint => BigInt.asUintN(64, BigInt(value));

/** A number of which nothing is known. */
export function plainText(value: number | bigint): string {
  if (typeof value === 'bigint') return `0x${unsigned(value).toString(16)}`;
  if (value === -100) return 'AT_FDCWD';
  return Math.abs(value) >= 4096 ? `0x${value.toString(16)}` : String(value);
}

function nameOf(names: FlagSet['one'], value: bigint): string | undefined {
  return Object.entries(names ?? {}).find(([, number]) => BigInt(number) === value)?.[0];
}

function restText(set: FlagSet, rest: bigint): string {
  if (set.rest === 'decimal') return BigInt.asIntN(64, rest).toString();
  return set.rest === 'octal' ? `0${rest.toString(8)}` : `0x${rest.toString(16)}`;
}

/** Those that are in a set, or, where most are, those that are not. */
function signalsText(set: bigint): string {
  const numbers = Array.from({ length: LAST_SIGNAL }, (_, i) => i + 1);
  const inside = numbers.filter(n => (set >> BigInt(n - 1)) & 1n);
  const most = 2 * inside.length > LAST_SIGNAL;
  const named = (most ? numbers.filter(n => !inside.includes(n)) : inside).map(
    n => nameOf(signals, BigInt(n)) ?? n,
  );
  return `${most ? '~' : ''}[${named.join(' ')}]`;
}

/**
 * The number that stands at a place of that kind. `alone` says that it is the whole of it, and not an operand that takes some bits of it: only then
 * does a zero have a name (O_RDONLY), and only otherwise is a mask a name (O_ACCMODE).
 */
export function flagText(name: FlagSetName, value: number | bigint, arch: Arch, alone = true): string {
  if (name === 'dev') {
    if (Number(value) === 0) return '0';
    const device = Number(value);
    // The encoding of the kernel's new_encode_dev (linux/kdev_t.h), for numbers that fit in 32 bits.
    const [major, minor] = [(device >> 8) & 0xfff, (device & 0xff) | ((device >>> 12) & 0xfff00)];
    return `makedev(${major}, ${minor})`;
  }
  if (name === 'signals') return signalsText(unsigned(value));
  const set = flagSet(name, arch);
  if (alone && Number(value) === 0 && set.zero !== undefined) return set.zero;
  let left = unsigned(value);
  const words: string[] = [];
  const take = (word: string | undefined, bits: bigint): void => {
    if (word === undefined) return;
    words.push(word);
    left &= ~bits;
  };
  const [maskName, bits] = set.mask ?? ['', -1];
  const mask = unsigned(bits);
  if (set.one && (alone || (left & mask) !== 0n)) {
    const whole = !alone && set.mask !== undefined && (left & mask) === mask;
    take(whole ? maskName : nameOf(set.one, left & mask), mask);
  }
  for (const [word, number] of Object.entries(set.bits ?? {})) {
    const flag = BigInt(number);
    if (flag !== 0n && (left & flag) === flag) take(word, flag);
  }
  if (left !== 0n) words.push(restText(set, left));
  return words.length > 0 ? words.join('|') : '0';
}
