/**
 * Node draws a seed for the hashes of strings when it starts, which takes it 3 ms. It protects those who read what strangers write from strings that
 * are made to have the same hash: n of them cost n * n comparisons. So the engine starts Node without it (NODE_FLAGS in the Makefile),
 * and what turns out to be large is read by another Node that draws its seed. In a small input it is about a second at worst.
 */

/** Bytes, of all files together. */
const LIMIT = 256 * 1024;
const foreseeable = process.execArgv.includes('--no-rehash-snapshot');
let read = 0;

/** Ends the command; the engine asks again (AnswerKind.AGAIN). Known by its name: there is one such class in each bundle. */
export class LargeInput extends Error {
  override readonly name = 'LargeInput';
}

/** To be called before the text of so many bytes is parsed. Throws LargeInput. */
export function beforeParsing(bytes: number): void {
  read += bytes;
  if (foreseeable && read > LIMIT) throw new LargeInput();
}
