/** By which directory a container knows its scope where systemd does not tell whose the unit is. */
import type { Action } from '../../../program/action.js';
import { ignoring, when } from '../../../program/control.js';
import { type Field, type Slot, slot } from '../../../program/operand.js';
import { type Line, move } from '../../../program/step.js';
import { directoryRecord } from '../../idioms/directory-record.js';
import { operation } from '../../idioms/operation.js';
import { rule } from '../../launch/launch.js';
import { shownPath } from '../plan.js';
import { type ScopePlan, systemdsOwn } from './plan.js';
import { Whose } from './whose.js';

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
  const { write, compare } = directoryRecord('scope', stateDir, 'scope-cgroup', d.memory);
  const is = slot('scope_is');
  const shown = d.path.filter((part): part is Field => typeof part !== 'string');
  const because = rule('whom delete may kill');
  return {
    write: [operation({ kind: 'record-scope', path: shownPath(d), because }, write, { shown })],
    compare: whose =>
      ignoring(['ENOENT'], none => [...compare(is, none), ...when(is, 'EQ', 0, [move(whose, Whose.OTHERS)])]),
  };
}
