import type { Because } from '../../../spec/because.js';
import { TemplateField } from '../../../spec/instructions.js';
import type { Catalog, Fields } from '../../../spec/operations/catalog.js';
import { failedErrno } from '../../program/action.js';
import { type Field, field, type Template } from '../../program/operand.js';

/** A piece of a message that is known only when the program runs. */
export type Shown = Field;

/** What it failed with: in messages that say it in a place of their own. */
export const errno: Shown = field(TemplateField.ERRNO, failedErrno);

type Of<F> = Fields<F> & { readonly because: Because };

/**
 * The words of one kind of operation. Begin with a verb. `shown` is what the operation was made with (runtime/compile/idioms/operation.ts), in that order.
 */
export interface Words<F> {
  /** What it does, for a person. */
  title(o: Of<F>): string;
  /** Verb and object of its failure, if the title is not; `: errno words (place)` is added. */
  fails?(o: Of<F>, ...shown: readonly Shown[]): Template;
  /** Or the whole message of its failure; ` (place)` is added. */
  message?(o: Of<F>, ...shown: readonly Shown[]): Template;
  /** Why no place is added. */
  readonly placeless?:
    | 'quoted by another message'
    | 'it says what was to be executed, as callers look for it';
}

export type WordsOf<C extends Catalog> = { readonly [K in keyof C]: Words<C[K]> };
