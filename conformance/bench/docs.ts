/** Rewrites the figures in docs/benchmarks.md; everything outside the two markers is written by people. */
import { readFileSync, writeFileSync } from 'node:fs';

const begin = '<!-- figures: begin (written by `make bench`, do not edit) -->';
const end = '<!-- figures: end -->';

export type Rewrite =
  | { readonly status: 'written' }
  | { readonly status: 'no-markers'; readonly path: string };

export const rewriteFigures = (path: string, figures: string): Rewrite => {
  const page = readFileSync(path, 'utf8');
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) return { status: 'no-markers', path };
  writeFileSync(path, `${page.slice(0, from + begin.length)}\n\n${figures}\n${page.slice(to)}`);
  return { status: 'written' };
};
