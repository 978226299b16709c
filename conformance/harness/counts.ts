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
