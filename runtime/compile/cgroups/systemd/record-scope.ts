/**
 * By which directory a container knows its scope where systemd does not tell whose the unit is: kernfs gives the number of one that was removed to no other. In the
 * state directory it is a link, which is there whole or not at all.
 */
import { TemplateField } from '../../../../spec/instructions.js';
import { AT_FDCWD, STATX_BASIC_STATS, Statx } from '../../../../spec/kernel.js';
import type { Action } from '../../../program/action.js';
import { ignoring, when } from '../../../program/control.js';
import { buffer, type Field, field, type Slot, slot, text } from '../../../program/operand.js';
import { format, type Line, load, move, type Outcome, scan, sys } from '../../../program/step.js';
import { operation } from '../../idioms/operation.js';
import { rule } from '../../launch/launch.js';
import { shownPath } from '../plan.js';
import { type ScopePlan, systemdsOwn } from './plan.js';
import { Whose } from './whose.js';

const FILE = 'scope-cgroup';
/** Digits of 2^64, and NUL. */
const ROOM = 24;

export interface ScopeRecord {
  /** Once the directory is known to be ours. */
  readonly write: readonly Action[];
  /** `whose` becomes OTHERS if another directory has that name; without a record, or without a directory, it stays. */
  readonly compare: (whose: Slot) => readonly Line[];
}

/** `stateDir`: the opened ROOT/ID. */
export function createRecord(plan: ScopePlan, stateDir: Slot): ScopeRecord {
  const d = systemdsOwn(plan);
  if (d === undefined) return { write: [], compare: () => [] };
  const stat = buffer('scope_stat', 256);
  const number = slot('scope_number');
  const [digits, written] = [buffer('scope_digits', ROOM), buffer('scope_written', ROOM)];
  const [size, writtenSize] = [slot('scope_digits_size'), slot('scope_written_size')];
  const is = slot('scope_is');
  const read = (outcome: Outcome): readonly Line[] => [
    sys('statx', [AT_FDCWD, d.memory, 0, STATX_BASIC_STATS, stat], outcome),
    load(number, 'U64', stat, Statx.INO),
    format(digits, [field(TemplateField.DECIMAL, number)], { to: size }),
  ];
  const shown = d.path.filter((part): part is Field => typeof part !== 'string');
  return {
    write: [
      operation(
        { kind: 'record-scope', path: shownPath(d), because: rule('whom delete may kill') },
        [...read({}), sys('symlinkat', [digits, stateDir, text(FILE)])],
        { shown },
      ),
    ],
    compare: whose =>
      ignoring(['ENOENT'], none => [
        sys('readlinkat', [stateDir, text(FILE), written, ROOM], { to: writtenSize, ...none }),
        ...read(none),
        move(is, 0),
        ...when(size, 'EQ', writtenSize, [
          scan('EQUAL', { buffer: written, length: size, start: digits }, { to: is }),
        ]),
        ...when(is, 'EQ', 0, [move(whose, Whose.OTHERS)]),
      ]),
  };
}
