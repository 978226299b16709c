/**
 * Actions: the steps that one line of config.json, or one rule, causes.
 */
import type { Because } from '../../spec/because.js';
import type { Entry } from '../../spec/commands.js';
import { ReservedSlot } from '../../spec/instructions.js';
import type { Operation } from '../../spec/operations/index.js';
import type { ParameterName } from '../../spec/parameters.js';
import { type Slot, slot, slots, type Template } from './operand.js';
import type { Line } from './step.js';

export type { Because } from '../../spec/because.js';

export interface Action {
  readonly kind: 'action';
  readonly operation: Operation;
  /** What it does, for a person: begins with a verb. */
  readonly title: string;
  readonly because: Because;
  /** The whole message of its failure; the errno's words included. */
  readonly words: Template;
  readonly lines: readonly Line[];
  /** Takes back what it made, when a later action fails. */
  readonly undo: readonly Line[];
}

/** Reserved slots that words can show. */
export const failedErrno: Slot = slot('failed_errno');
export const failedText: Slot = slots('failed_text', 2, -1);
export const reservedSlots: readonly (readonly [Slot, number])[] = [
  [failedErrno, ReservedSlot.FAILED_ERRNO],
  [failedText, ReservedSlot.FAILED_TEXT],
];

/** Not a line of a file, but a rule of the runtime's own. */
export function rule(text: string): Because {
  return { kind: 'rule', rule: text };
}

/** In the place of a file: what is wrong was not read from one. */
export const COMMAND_LINE = 'command line';

/** In the program, in the place of the name of the file of `exec --process`: whoever calls makes one up, and the file is gone when somebody reads of it. */
export const PROCESS_FILE = '--process';

/** Where to look for the cause, as it stands at the end of a message. */
export function placeOf(because: Because): string {
  if (because.kind === 'rule' || because.file === COMMAND_LINE) return '';
  const shown = because.kind === 'config' ? because.shown : undefined;
  const short = shown ?? because.file.slice(because.file.lastIndexOf('/') + 1);
  const column = because.kind === 'config' && because.column !== undefined ? `:${because.column}` : '';
  return ` (${short}:${because.line}${column} ${because.path})`;
}

/** The steps of one process. */
export interface Track {
  readonly name: string;
  readonly actions: readonly Action[];
  /** What happens at last after a failure, behind all undo steps; must not fall through. */
  readonly failed: readonly Line[];
}

export interface Program {
  readonly tracks: readonly Track[];
  /** The label of the entry must stand in the first action of its track. */
  readonly entries: readonly { readonly entry: Entry; readonly track: string }[];
  readonly parameters: ReadonlyMap<ParameterName, Slot>;
  /** A track enters a container: the engine must run from a sealed memfd. */
  readonly joins: boolean;
  readonly arch: 'x86_64' | 'aarch64';
}
