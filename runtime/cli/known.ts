/**
 * What came out of a pure function for input that it was given before. Equal input gives an equal result, so nothing of an answer depends on it: a health check, or a bundle
 * that is started again, is spared the compilation. All that is read of the host, the registry and files is read for each request, and is part of the input.
 */
import { isDeepStrictEqual } from 'node:util';

/** Bytes of files that are kept with what was made of them, which takes ten times as much. */
export const LARGEST = 64 * 1024;
/** Of all together, in one list. */
const IN_ALL = 16 * LARGEST;

/**
 * Of `exec`, so many containers are remembered, or as many as there is room for: health checks come from each in turn, and of one more than are kept none would be known when its
 * turn comes.
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

interface Kept<Input, Result> {
  readonly input: Input;
  readonly size: number;
  readonly result: Result;
}

/** The first of them, as many as `most` and as there is room for. */
function withRoom<One extends { readonly size: number }>(all: readonly One[], most: number): readonly One[] {
  let [count, sum] = [0, 0];
  while (count < Math.min(most, all.length)) {
    sum += all[count]?.size ?? 0;
    if (sum > IN_ALL) break;
    count++;
  }
  return all.slice(0, count);
}

/** Data alone: no functions, no classes with private fields, which isDeepStrictEqual() does not compare. */
export class Known<Input extends readonly unknown[], Result extends object> {
  /** The latest first. */
  #all: readonly Kept<Input, Result>[] = [];
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
    const found = this.#all.find(one => areEqual(one.input, input));
    if (found === undefined) {
      const result = make();
      if (this.#keeps(result))
        this.#all = withRoom([{ input: ownBytes(input), size, result }, ...this.#all], this.#most);
      return result;
    }
    if (found !== this.#all[0]) this.#all = [found, ...this.#all.filter(one => one !== found)];
    return found.result;
  }
}
