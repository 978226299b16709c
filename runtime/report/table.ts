import { visible } from './visible.js';

/** Columns as wide as their widest cell, two spaces apart; the last is not padded. Control characters in cells do not reach the terminal. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows].map(row => row.map(cell => visible(cell)));
  const widths = header.map((_, column) => Math.max(...lines.map(line => (line[column] ?? '').length)));
  return lines
    .map(
      line =>
        `${line
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}
