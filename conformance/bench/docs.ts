/** Rewrites figures in docs/benchmarks.md; everything outside their two markers is written by people. */
import { readFileSync, writeFileSync } from 'node:fs';

/** The two places: of `make bench`, and of the scenarios that are run by name alone. */
export type Place = 'figures' | 'figures of long runs';
const begin = (place: Place): string => `<!-- ${place}: begin (written by \`make bench\`, do not edit) -->`;
const end = (place: Place): string => `<!-- ${place}: end -->`;

export type Rewrite =
  | { readonly status: 'written' }
  | { readonly status: 'no-markers'; readonly path: string };

export const rewriteFigures = (path: string, place: Place, figures: string): Rewrite => {
  const page = readFileSync(path, 'utf8');
  const from = page.indexOf(begin(place));
  const to = page.indexOf(end(place));
  if (from < 0 || to < from) return { status: 'no-markers', path };
  writeFileSync(path, `${page.slice(0, from + begin(place).length)}\n\n${figures}\n${page.slice(to)}`);
  return { status: 'written' };
};
