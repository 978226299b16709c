/** Comparisons of what was found, offset and length in two cells, with bytes that are known. */
import { when } from '../../program/control.js';
import { cell, type Data, type Operand, ref, type Slot, text } from '../../program/operand.js';
import { type Line, move, scan } from '../../program/step.js';

/** `is` becomes 1 if what was found is the first `size` bytes of `wanted`, else 0; GE: if it begins with them. */
export const sameBytes = (
  is: Slot,
  found: Slot,
  wanted: Data,
  size: Operand,
  length: 'EQ' | 'GE' = 'EQ',
): readonly Line[] => [
  move(is, 0),
  ...when(cell(found, 1), length, size, [
    scan('EQUAL', { buffer: ref(found), length: size, start: wanted }, { to: is }),
  ]),
];

/** The same with a word; NUL has no part in it. */
export const sameWord = (is: Slot, found: Slot, word: string, length: 'EQ' | 'GE' = 'EQ'): readonly Line[] =>
  sameBytes(is, found, text(word), word.length, length);
