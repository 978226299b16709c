/**
 * Whose a unit is. Its name is chosen by config.json, and others may have one of that name by now, or before; what a launch calls it (Description) has a number in
 * it that follows from the state directory, which every command of the container has open.
 */
import { errnos } from '../../../../spec/errno.js';
import { TemplateField } from '../../../../spec/instructions.js';
import { AT_EMPTY_PATH, STATX_BASIC_STATS, Statx } from '../../../../spec/kernel.js';
import type { UnitProperty } from '../../../../spec/systemd.js';
import { when } from '../../../program/control.js';
import {
  buffer,
  cell,
  type Data,
  field,
  label,
  ref,
  type Slot,
  slot,
  slots,
  text,
} from '../../../program/operand.js';
import {
  alu,
  branch,
  format,
  jump,
  type Line,
  load,
  move,
  type Subroutine,
  scan,
  store,
  subroutine,
  sys,
} from '../../../program/step.js';
import { UNIT_DESCRIPTION } from '../../../report/operations/systemd.js';
import { readText } from '../../bus/reply.js';
import type { Launch } from '../../launch/launch.js';
import { type Manager, Verdict } from './manager.js';
import type { ScopePlan } from './plan.js';

export const Whose = {
  /** Nobody has been asked, or nobody answers. */
  UNKNOWN: 0,
  /** There is no unit of that name. */
  NOBODYS: 1,
  OURS: 2,
  OTHERS: 3,
} as const;

/** All numbers have as many digits: they lie between LEAST and LEAST + 2^59. */
const LEAST = 10n ** 18n;
const DIGITS = 19;

/** What a scope is called before its number is known. */
export const anyDescription = `${UNIT_DESCRIPTION}${'0'.repeat(DIGITS)}`;

/** The digits, of inode and device of the opened state directory: none that is there at the same time has the same. */
function writeNumber(stateDir: Slot): { readonly digits: Data; readonly lines: readonly Line[] } {
  const digits = buffer('unit_number_digits', DIGITS + 1);
  const stat = buffer('unit_number_stat', 256);
  const number = slot('unit_number');
  const device = slot('unit_number_device');
  return {
    digits,
    lines: [
      sys('statx', [stateDir, text(''), AT_EMPTY_PATH, STATX_BASIC_STATS, stat]),
      load(device, 'U32', stat, Statx.DEV_MINOR),
      alu(device, device, 'SHL', 40),
      load(number, 'U64', stat, Statx.INO),
      alu(number, number, 'XOR', device),
      alu(number, number, 'AND', (1n << 59n) - 1n),
      alu(number, number, 'ADD', LEAST),
      format(digits, [field(TemplateField.DECIMAL, number)]),
    ],
  };
}

const pieces = [
  ['U64', 0],
  ['U64', 8],
  ['U16', 16],
  ['U8', 18],
] as const;

/** Into what was marshalled with `anyDescription` in it. */
export function numberDescription(stateDir: Slot, marshalled: Data, at: number): readonly Line[] {
  const { digits, lines } = writeNumber(stateDir);
  const piece = slot('unit_number_piece');
  return [
    ...lines,
    ...pieces.flatMap(([width, offset]) => [
      load(piece, width, digits, offset),
      store(width, marshalled, at + offset, piece),
    ]),
  ];
}

/** Where an annotation has given it another one; the last one counts. */
const givenDescription = (properties: readonly UnitProperty[]): string | null =>
  properties
    .flatMap(({ name, value }) => (name === 'Description' && typeof value === 'string' ? [value] : []))
    .at(-1) ?? null;

export interface Ownership {
  readonly whose: Slot;
  /** Over the manager's connection, which is open. A problem of it stays UNKNOWN. */
  readonly look: Subroutine;
}

/** `stateDir`: the opened ROOT/ID. */
export function createOwnership(launch: Launch, m: Manager, plan: ScopePlan, stateDir: Slot): Ownership {
  const { connection: c } = m;
  const whose = slot('unit_is_whose');
  const at = slot('unit_answer_at');
  const name = slots('listed_unit', 2);
  const description = slots('listed_description', 2);
  const loadState = slots('listed_load_state', 2);
  const is = slot('unit_is');
  const [malformed, end] = [label('list_malformed'), label('list_read')];
  const given = givenDescription(launch.config.unitProperties);
  const { digits, lines } = writeNumber(stateDir);
  const wanted = buffer('wanted_description', anyDescription.length + 1);
  const numbered: readonly Line[] = [
    ...lines,
    format(wanted, [UNIT_DESCRIPTION, field(TemplateField.STRING, slot('unit_digits', digits))]),
  ];
  const expected = given === null ? wanted : text(given);
  const equal = (found: Slot, size: number, to: Data): readonly Line[] => [
    move(is, 0),
    ...when(cell(found, 1), 'EQ', size, [
      scan('EQUAL', { buffer: ref(found), length: size, start: to }, { to: is }),
    ]),
  ];
  const none = 'not-found';
  return {
    whose,
    look: subroutine('see_whose_unit', [
      move(whose, Whose.UNKNOWN),
      ...m.askAbout('ListUnitsByNames', plan.unit),
      branch(c.problem, 'NE', 0, end),
      branch(m.verdict, 'NE', Verdict.DONE, end),
      // a(ssssssouso): name, description, load state, and more.
      alu(at, m.body, 'ADD', 8),
      ...[name, description, loadState].flatMap(one => readText(c, at, c.have, one, malformed)),
      move(whose, Whose.NOBODYS),
      ...equal(loadState, none.length, text(none)),
      branch(is, 'NE', 0, end),
      move(whose, Whose.OTHERS),
      ...(given === null ? numbered : []),
      // Without a description a unit is called by its name, which says nothing.
      ...(given === '' ? [move(is, 1)] : equal(description, expected.size - 1, expected)),
      ...when(is, 'NE', 0, [move(whose, Whose.OURS)]),
      jump(end),
      malformed,
      move(c.problem, errnos.EPROTO.number),
      end,
    ]),
  };
}
