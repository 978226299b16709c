import { S_IFMT, Statx } from '../../../spec/kernel.js';
import type { Data, Slot } from '../../program/operand.js';
import { alu, type Line, load } from '../../program/step.js';

/** The type of a file (S_IFREG ...), out of what statx(2) has told. */
export function fileType(stat: Data, to: Slot): readonly Line[] {
  return [load(to, 'U16', stat, Statx.MODE), alu(to, to, 'AND', S_IFMT)];
}
