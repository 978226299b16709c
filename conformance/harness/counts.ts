/** What a test program says of itself at its end, and how `make test` reads it. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The last line of a part. */
export const countsLine = ({ passed, failed, skipped }: Counts): string =>
  `${passed} passed, ${failed} failed, ${skipped} skipped`;

// biome-ignore lint/suspicious/noControlCharactersInRegex: uvu colours its summary
const colours = /\u001b\[[0-9;]*m/g;

/** The last `N passed, N failed[, N skipped]`, or uvu's `Total: / Passed: / Skipped:`; null if there is neither. */
export function countsOf(output: string): Counts | null {
  const text = output.replace(colours, '');
  const plain = [...text.matchAll(/^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/gm)].at(-1);
  if (plain) return { passed: Number(plain[1]), failed: Number(plain[2]), skipped: Number(plain[3] ?? 0) };
  const uvu = [...text.matchAll(/Total:\s+(\d+)\s+Passed:\s+(\d+)\s+Skipped:\s+(\d+)/g)].at(-1);
  if (!uvu) return null;
  const [total, passed, skipped] = [Number(uvu[1]), Number(uvu[2]), Number(uvu[3])];
  return { passed, failed: total - passed, skipped };
}

/** Reasons of skipped cases: lines that begin with "skip", in any case. */
export function skipsOf(output: string): readonly string[] {
  return [...output.replace(colours, '').matchAll(/^\s*skip\s+(.+)$/gim)].map(m => m[1] ?? '');
}

/** The first line of what `failuresOf` tells, at most 160 characters of it. */
export function nameOfFailure(text: string): string {
  const [first = ''] = text.split('\n');
  return first.replace(/\s+/g, ' ').slice(0, 160);
}

/** How many lines of a failure are of interest at the end of a long log. */
const linesOfAFailure = 12;

/**
 * Each line that begins with "FAIL", with what its case says below it: the indented lines that follow. Who reads the log of a long run from its
 * end, or is shown only that, has to see what failed.
 */
export function failuresOf(output: string): readonly string[] {
  return [...output.replace(colours, '').matchAll(/^[ ]{0,3}FAIL\b.*(?:\n(?:[ \t]+\S.*)?(?=\n))*/gm)].map(m =>
    m[0].trimEnd().split('\n').slice(0, linesOfAFailure).join('\n'),
  );
}

/** How many lines of what a program said last tell of its end: a stack of Node's is not longer. */
const linesOfAnEnd = 25;

/** Of a program that has ended without its counts: what it said last, standard error included. Its first line is the error itself, if one is to be seen. */
export function lastWords(said: string): string {
  const lines = said
    .replace(colours, '')
    .split('\n')
    .filter(line => line.trim() !== '')
    .slice(-linesOfAnEnd);
  const error = lines
    .filter(line => /^(?:Uncaught )?\w*(?:Error|Exception)\b.*: |: error: /.test(line))
    .at(-1);
  return [error ?? lines.at(-1) ?? 'it said nothing', ...lines.map(line => `      ${line}`)].join('\n');
}
