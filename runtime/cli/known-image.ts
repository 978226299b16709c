/** The image of a program, compiled or known. */
import type { Compiled, CompileRefusal, CompileWarning } from '../compile/launch/refusal.js';
import { encode } from '../program/encode.js';
import { Known } from './known.js';

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

/** `input`: all that `compile`, which is pure, makes the program of. */
export function imageOf(input: readonly unknown[], compile: () => Compiled): Image {
  return known.find(input, () => {
    const result = compile();
    if (result.kind === 'refused') return result;
    return { kind: 'image', image: encode(result.program), warnings: result.warnings };
  });
}
