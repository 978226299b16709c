import type { Operation, OperationKind, OperationOf } from '../../../spec/operations/index.js';
import type { Action } from '../../program/action.js';
import type { Field } from '../../program/operand.js';
import type { Line } from '../../program/step.js';
import { titleOf, wordsFor } from '../../report/operations/words.js';

export interface OperationExtras {
  /** Takes back what it made, when a later operation fails. */
  readonly undo?: readonly Line[];
  /** What its message shows of the run, in the order in which its words ask for it. */
  readonly shown?: readonly Field[];
}

const nothing: readonly never[] = [];

/** An operation with its steps. The record is all that `explain` and the words know of it. */
export function operation<K extends OperationKind>(
  record: OperationOf<K> & { readonly kind: K },
  lines: readonly Line[],
  { undo = nothing, shown = nothing }: OperationExtras = {},
): Action {
  const does = Object.freeze(record) as unknown as Operation;
  return Object.freeze({
    kind: 'action',
    operation: does,
    // For explain alone.
    get title() {
      return titleOf(does);
    },
    because: record.because,
    words: wordsFor(does, shown),
    lines,
    undo,
  });
}
