import type { Operation, OperationKind, OperationOf } from '../../../spec/operations/index.js';
import type { Action, Because } from '../../program/action.js';
import type { Field, Template } from '../../program/operand.js';
import type { Line } from '../../program/step.js';
import { titleOf, wordsFor } from '../../report/operations/words.js';

export interface OperationExtras {
  /** Takes back what it made, when a later operation fails. */
  readonly undo?: readonly Line[];
  /** What its message shows of the run, in the order in which its words ask for it. */
  readonly shown?: readonly Field[];
}

const nothing: readonly never[] = [];

/** A class, so that all have one shape: an object with a getter of its own has a shape of its own, and a start makes two hundred. */
class Operated implements Action {
  readonly kind = 'action';
  readonly operation: Operation;
  readonly because: Because;
  readonly words: Template;
  readonly lines: readonly Line[];
  readonly undo: readonly Line[];

  constructor(does: Operation, words: Template, lines: readonly Line[], undo: readonly Line[]) {
    this.operation = does;
    this.because = does.because;
    this.words = words;
    this.lines = lines;
    this.undo = undo;
    Object.freeze(this);
  }

  /** For explain alone. */
  get title(): string {
    return titleOf(this.operation);
  }
}

/** An operation with its steps. The record is all that `explain` and the words know of it. */
export function operation<K extends OperationKind>(
  record: OperationOf<K> & { readonly kind: K },
  lines: readonly Line[],
  { undo = nothing, shown = nothing }: OperationExtras = {},
): Action {
  const does = Object.freeze(record) as unknown as Operation;
  return new Operated(does, wordsFor(does, shown), lines, undo);
}

/** The same with other steps. A copy by `...` would lack its title. */
export function withLines({ operation: does, words, undo }: Action, lines: readonly Line[]): Action {
  return new Operated(does, words, lines, undo);
}
