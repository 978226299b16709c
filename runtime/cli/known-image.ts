/** The image of a program, compiled or known. */
import type { Compiled, CompileRefusal, CompileWarning } from '../compile/launch/refusal.js';
import { encode } from '../program/encode.js';
import { Known, LARGEST_TEXT } from './known.js';

export type Image =
  | { readonly kind: 'image'; readonly image: Uint8Array; readonly warnings: readonly CompileWarning[] }
  | { readonly kind: 'refused'; readonly refusals: readonly CompileRefusal[] };

const MOST = 16;
/** Bytes; few have more than 160 KiB. */
const LARGEST = 512 * 1024;

/** Warnings and refusals name files, which need not be part of the input: they are made anew. */
const known = new Known<readonly unknown[], Image>(
  MOST,
  made => made.kind === 'image' && made.warnings.length === 0 && made.image.length <= LARGEST,
);

/**
 * `input`: all that `compile`, which is pure, makes the program of; `size`: of the files in it. The program of an exec is small, however large the container's config.json
 * is, with which it would be kept.
 */
export function imageOf(input: readonly unknown[], size: number, compile: () => Compiled): Image {
  const make = (): Image => {
    const result = compile();
    if (result.kind === 'refused') return result;
    return { kind: 'image', image: encode(result.program), warnings: result.warnings };
  };
  return size > LARGEST_TEXT ? make() : known.find(input, make);
}
