/**
 * Whose a unit is. Its name is chosen by config.json, and others may have one of that name by now, or before; what a launch calls it (Description) has a number in
 * it that follows from the state directory, which every command of the container has open.
 */
import { errnos } from '../../../../spec/errno.js';
import { TemplateField } from '../../../../spec/instructions.js';
import { AT_EMPTY_PATH, STATX_BASIC_STATS, Statx } from '../../../../spec/kernel.js';
import type { UnitProperty } from '../../../../spec/systemd.js';
import { when } from '../../../program/control.js';
import { buffer, type Data, field, label, type Slot, slot, slots, text } from '../../../program/operand.js';
import {
  alu,
  branch,
  format,
  jump,
  type Line,
  load,
  move,
  type Subroutine,
  store,
  subroutine,
  sys,
} from '../../../program/step.js';
import { UNIT_DESCRIPTION } from '../../../report/operations/systemd.js';
import { type Found, readText } from '../../bus/reply.js';
import { sameBytes, sameWord } from '../../idioms/same-bytes.js';
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

/** States of a unit that lives no more (systemctl(1), ActiveState). The others: active, activating, reloading, refreshing, maintenance. */
const ENDED = ['inactive', 'failed', 'deactivating'] as const;

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
  /** Not 0: it does not live, or there is none. What it is called has no meaning then. */
  readonly ended: Slot;
  /** Its description, and whether that is one of our scopes', whosever; in the answer, as long as that is the last one. */
  readonly called: Found;
  readonly isContainer: Slot;
  /** Over the manager's connection, which is open. A problem of it stays UNKNOWN. */
  readonly look: Subroutine;
}

/** What our scope is called. */
function describe(
  launch: Launch,
  stateDir: Slot,
): { readonly description: Data; readonly lines: readonly Line[] } {
  const given = givenDescription(launch.config.unitProperties);
  if (given !== null) return { description: text(given), lines: [] };
  const { digits, lines } = writeNumber(stateDir);
  const description = buffer('wanted_description', anyDescription.length + 1);
  const number = field(TemplateField.STRING, slot('unit_digits', digits));
  return { description, lines: [...lines, format(description, [UNIT_DESCRIPTION, number])] };
}

/** `stateDir`: the opened ROOT/ID. */
export function createOwnership(launch: Launch, m: Manager, plan: ScopePlan, stateDir: Slot): Ownership {
  const { connection: c } = m;
  const [whose, ended, isContainer] = [slot('unit_is_whose'), slot('unit_ended'), slot('unit_is_container')];
  const at = slot('unit_answer_at');
  const [name, called] = [slots('listed_unit', 2), slots('listed_description', 2)];
  const [loadState, activeState] = [slots('listed_load_state', 2), slots('listed_active_state', 2)];
  const is = slot('unit_is');
  const [malformed, end] = [label('list_malformed'), label('list_read')];
  const { description, lines } = describe(launch, stateDir);
  return {
    ...{ whose, ended, called, isContainer },
    look: subroutine('see_whose_unit', [
      move(whose, Whose.UNKNOWN),
      ...m.askAbout('ListUnitsByNames', plan.unit),
      branch(c.problem, 'NE', 0, end),
      branch(m.verdict, 'NE', Verdict.DONE, end),
      // a(ssssssouso): name, description, load state, active state, and more.
      alu(at, m.body, 'ADD', 8),
      ...[name, called, loadState, activeState].flatMap(one => readText(c, at, c.have, one, malformed)),
      move(ended, 0),
      ...ENDED.flatMap(state => [...sameWord(is, activeState, state), alu(ended, ended, 'OR', is)]),
      ...sameWord(isContainer, called, UNIT_DESCRIPTION, 'GE'),
      move(whose, Whose.NOBODYS),
      ...sameWord(is, loadState, 'not-found'),
      branch(is, 'NE', 0, end),
      move(whose, Whose.OTHERS),
      ...lines,
      // Without a description a unit is called by its name, which says nothing.
      ...(description.size === 1 ? [move(is, 1)] : sameBytes(is, called, description, description.size - 1)),
      ...when(is, 'NE', 0, [move(whose, Whose.OURS)]),
      jump(end),
      malformed,
      move(c.problem, errnos.EPROTO.number),
      end,
    ]),
  };
}
