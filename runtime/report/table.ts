import { visible } from './visible.js';

/** Columns as wide as their widest cell, two spaces apart; the last is not padded. Control characters in cells do not reach the terminal. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows].map(row => row.map(visible));
  // Of each cell once, and not as arguments of Math.max: there may be more rows than a call can have.
  const widths = header.map((_, column) =>
    lines.reduce((most, line) => Math.max(most, (line[column] ?? '').length), 0),
  );
  let text = '';
  for (const line of lines) {
    const last = line.length - 1;
    let shown = '';
    for (let i = 0; i < last; i++) shown += `${(line[i] ?? '').padEnd(widths[i] ?? 0)}  `;
    text += `${(shown + (line[last] ?? '')).trimEnd()}\n`;
  }
  return text;
}
