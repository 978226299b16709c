import type { Diagnostic } from '../admit/diagnostic.js';

/** Podman writes config.json on one line of 60 KiB: of longer lines, a piece around the fault is shown. */
const windowWidth = 100;
const windowBefore = 40;

/** East Asian wide and full-width characters and emoji (Unicode 15, EastAsianWidth.txt, blocks of W and F). */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u;
const zeroWidth = /\p{Mn}|\p{Me}|\u200b|\u200c|\u200d|\u2060/u;
const unprintable = /[\p{Cc}\p{Surrogate}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/** What a character is shown as, and how many columns of a terminal that takes. */
interface Cell {
  readonly shown: string;
  readonly width: number;
}

/**
 * The source line with the fault marked below:
 *
 *     "cwd": "tmp"
 *            ^~~~~
 *
 * Two lines without an end of line; empty for diagnostics without a line, such as those about an empty file.
 */
export function squiggle(diagnostic: Diagnostic): string {
  const { sourceLine, column, length } = diagnostic;
  if (sourceLine === '') return '';
  const before = takeCharacters(sourceLine, Math.max(0, column - 1 - windowBefore), column - 1);
  const inside = takeCharacters(sourceLine, column - 1, column - 1 + Math.min(length, windowWidth));
  const room = Math.max(0, windowWidth - before.cells.length - inside.cells.length);
  const after = takeCharacters(sourceLine, column - 1 + length, column - 1 + length + room);
  const cut = length > windowWidth;
  const tail = cut ? '…' : `${show(after.cells)}${after.more ? '…' : ''}`;
  const indent = `${before.skipped ? '…' : ''}${show(before.cells)}`;
  const marks = '~'.repeat(Math.max(0, widthOf(inside.cells) - 1));
  const margin = ' '.repeat(widthOf(before.cells) + (before.skipped ? 1 : 0));
  return `${indent}${show(inside.cells)}${tail}\n${margin}^${marks}`;
}

/** The characters from one index to another, counted as Unicode code points. */
function takeCharacters(line: string, from: number, to: number) {
  const cells: Cell[] = [];
  let index = 0;
  let more = false;
  for (const character of line) {
    if (index >= to) {
      more = true;
      break;
    }
    if (index >= from) cells.push(cellOf(character));
    index++;
  }
  return { cells, skipped: from > 0, more };
}

function cellOf(character: string): Cell {
  if (character === '\t') return { shown: '    ', width: 4 };
  if (unprintable.test(character)) return { shown: '\ufffd', width: 1 };
  if (zeroWidth.test(character)) return { shown: character, width: 0 };
  return { shown: character, width: wide.test(character) ? 2 : 1 };
}

function show(cells: readonly Cell[]): string {
  return cells.map(cell => cell.shown).join('');
}

function widthOf(cells: readonly Cell[]): number {
  return cells.reduce((width, cell) => width + cell.width, 0);
}
