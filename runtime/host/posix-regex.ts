/** POSIX extended regular expressions as the C library has them (regex(7)): those of JavaScript are others. Loads koffi: imported by import() alone. */
import koffi from 'koffi';

const libc = koffi.load('libc.so.6');
/** regex_t has 64 bytes in glibc and musl. */
const ROOM = 256;
/** regex.h */
const REG_EXTENDED = 1;
const REG_NOSUB = 8;

const regcomp: (into: Buffer, pattern: string, flags: number) => number = libc.func(
  'int regcomp(void *, const char *, int)',
);
const regexec: (compiled: Buffer, text: string, count: number, matches: null, flags: number) => number =
  libc.func('int regexec(void *, const char *, unsigned long, void *, int)');
const regerror: (error: number, compiled: Buffer, into: Buffer, size: number) => number = libc.func(
  'unsigned long regerror(int, void *, void *, unsigned long)',
);

export type PosixRegex =
  | { readonly kind: 'regex'; matches(text: string): boolean }
  /** `why`: in the words of the C library. */
  | { readonly kind: 'invalid'; readonly why: string };

export function posixRegex(pattern: string): PosixRegex {
  const compiled = Buffer.alloc(ROOM);
  const error = regcomp(compiled, pattern, REG_EXTENDED | REG_NOSUB);
  if (error === 0) return { kind: 'regex', matches: text => regexec(compiled, text, 0, null, 0) === 0 };
  const words = Buffer.alloc(256);
  const length = regerror(error, compiled, words, words.length);
  return { kind: 'invalid', why: words.toString('utf8', 0, Math.max(0, Math.min(length, 256) - 1)) };
}
