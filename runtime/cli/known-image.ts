/** The image of a program, compiled or known. */
import type { Environment } from '../../spec/environment.js';
import type { Compiled, CompileRefusal, CompileWarning } from '../compile/launch/refusal.js';
import { encode } from '../program/encode.js';
import { CONTAINERS, Known } from './known.js';

export type Image =
  | { readonly kind: 'image'; readonly image: Uint8Array; readonly warnings: readonly CompileWarning[] }
  | { readonly kind: 'refused'; readonly refusals: readonly CompileRefusal[] };

const MOST = 16;
/** Bytes; few have more than 160 KiB. */
const LARGEST = 512 * 1024;

/** Warnings and refusals name files, which need not be part of the input: they are made anew. */
const isKept = (made: Image): boolean =>
  made.kind === 'image' && made.warnings.length === 0 && made.image.length <= LARGEST;

/** Apart: however many containers are made, what is executed in those that are there stays known. */
const known = {
  launch: new Known<readonly unknown[], Image>(MOST, isKept),
  exec: new Known<readonly unknown[], Image>(CONTAINERS, isKept),
};

/** Bytes that say what is known of a mount, its path being of usual length. */
const EACH_MOUNT = 200;

/** Of config.json and of what is known of mounts: a site with hundreds of shares has thousands. */
export function sizeOf(text: Uint8Array, environment: Environment | null): number {
  if (environment === null) return text.length;
  const { sources, pin, link } = environment;
  const lists = [sources.mounts, pin?.mounts, link?.skeleton.mounts, link?.pin?.mounts];
  return text.length + lists.reduce((sum, list) => sum + (list?.length ?? 0), 0) * EACH_MOUNT;
}

/**
 * `input`: all that `compile`, which is pure, makes the program of; `size`: of the files in it. The program of an exec is small, however large the container's config.json
 * is, with which it would be kept.
 */
export function imageOf(
  of: keyof typeof known,
  input: readonly unknown[],
  size: number,
  compile: () => Compiled,
): Image {
  return known[of].find(input, size, () => {
    const result = compile();
    if (result.kind === 'refused') return result;
    return { kind: 'image', image: encode(result.program), warnings: result.warnings };
  });
}
