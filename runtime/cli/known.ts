/**
 * What came out of a pure function for input that it was given before. Equal input gives an equal result, so nothing of an answer depends on it: a health check, or a bundle
 * that is started again, is spared the compilation. All that is read of the host, the registry and files is read for each request, and is part of the input.
 */
import { isDeepStrictEqual } from 'node:util';

/** Bytes of files that are kept with what was made of them, which takes ten times as much. */
const LARGEST = 64 * 1024;

/**
 * Of `exec`, so many containers are remembered: health checks come from each in turn, and of one more than are kept none would be known when its turn comes. With all that is kept
 * of it, one takes some 0.2 MiB.
 */
export const CONTAINERS = 64;

const all: { forget(): void }[] = [];

/** As if nothing had been asked for yet. */
export function forgetKnown(): void {
  for (const one of all) one.forget();
}

/** Buffer's own slice() copies nothing. */
const { slice: copy } = Uint8Array.prototype;

/** Bytes of a request are a part of it, and would keep it whole. */
const ownBytes = <Input extends readonly unknown[]>(input: Input): Input =>
  input.map(one => (one instanceof Uint8Array ? copy.call(one) : one)) as unknown as Input;

/** Element by element, and strings first: most that are not equal differ in one, and the rest may be large. */
function areEqual(one: readonly unknown[], other: readonly unknown[]): boolean {
  if (one.some((part, i) => typeof part === 'string' && part !== other[i])) return false;
  return one.length === other.length && one.every((part, i) => isDeepStrictEqual(part, other[i]));
}

/** Data alone: no functions, no classes with private fields, which isDeepStrictEqual() does not compare. */
export class Known<Input extends readonly unknown[], Result extends object> {
  /** The latest first. */
  #all: readonly (readonly [input: Input, result: Result])[] = [];
  readonly #most: number;
  readonly #keeps: (result: Result) => boolean;

  /** It keeps the `most` results that were asked for last, of those that `keeps` wants. */
  constructor(most: number, keeps: (result: Result) => boolean) {
    this.#most = most;
    this.#keeps = keeps;
    all.push(this);
  }

  forget(): void {
    this.#all = [];
  }

  /** `size`: of the files in the input, in bytes, more or less. */
  find(input: Input, size: number, make: () => Result): Result {
    if (size > LARGEST) return make();
    const found = this.#all.find(([one]) => areEqual(one, input));
    if (found === undefined) {
      const result = make();
      if (this.#keeps(result)) this.#all = [[ownBytes(input), result], ...this.#all.slice(0, this.#most - 1)];
      return result;
    }
    if (found !== this.#all[0]) this.#all = [found, ...this.#all.filter(one => one !== found)];
    return found[1];
  }
}
