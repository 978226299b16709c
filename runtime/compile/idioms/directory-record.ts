/**
 * By which directory of cgroups or of resctrl a container knows what is its own: kernfs gives the number of one that was removed to no other. In the state directory it
 * is a link, which is there whole or not at all.
 */
import { TemplateField } from '../../../spec/instructions.js';
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, Statx } from '../../../spec/kernel.js';
import { buffer, cell, type Data, field, type Slot, slot, slots, text } from '../../program/operand.js';
import { format, type Line, load, type Outcome, sys } from '../../program/step.js';
import { sameBytes } from './same-bytes.js';

/** Digits of 2^64, and NUL. */
const ROOM = 24;

export interface DirectoryRecord {
  /** The number of the directory that is there now. */
  readonly write: readonly Line[];
  /** `is` becomes 1 if it is the one that was written down, else 0. `none`: without a record, or without a directory (ENOENT). */
  readonly compare: (is: Slot, none: Outcome) => readonly Line[];
  /** Once it has been compared: struct statx of what is there. */
  readonly stat: Data;
}

/** `stateDir`: the opened ROOT/ID. `path`: of the directory. `name`: of the cells. */
export function directoryRecord(name: string, stateDir: Slot, file: string, path: Data): DirectoryRecord {
  const stat = buffer(`${name}_stat`, 256);
  const number = slot(`${name}_number`);
  const digits = buffer(`${name}_digits`, ROOM);
  const size = slot(`${name}_digits_size`);
  const room = buffer(`${name}_written_room`, ROOM);
  const written = slots(`${name}_written`, 2, room);
  const read = (outcome: Outcome): readonly Line[] => [
    sys('statx', [AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, stat], outcome),
    load(number, 'U64', stat, Statx.INO),
    format(digits, [field(TemplateField.DECIMAL, number)], { to: size }),
  ];
  return {
    stat,
    write: [...read({}), sys('symlinkat', [digits, stateDir, text(file)])],
    compare: (is, none) => [
      sys('readlinkat', [stateDir, text(file), room, ROOM], { to: cell(written, 1), ...none }),
      ...read(none),
      ...sameBytes(is, written, digits, size),
    ],
  };
}
