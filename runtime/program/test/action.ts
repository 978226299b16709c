/** Actions with a title of the test's own: what they do is no operation that a launch has. */
import { TemplateField } from '../../../spec/instructions.js';
import { type Action, type Because, failedErrno, placeOf } from '../action.js';
import { field, type Template } from '../operand.js';
import type { Line } from '../step.js';

export interface ActionInput {
  readonly title: string;
  readonly because: Because;
  /** The whole message of its failure; default: the title, and the words of the errno. */
  readonly words?: Template;
  readonly undo?: readonly Line[];
}

export function action({ title, because, words, undo = [] }: ActionInput, lines: readonly Line[]): Action {
  return {
    kind: 'action',
    operation: { kind: 'end', because },
    title,
    because,
    words: words ?? [title, ': ', field(TemplateField.ERRNO, failedErrno), placeOf(because)],
    lines,
    undo,
  };
}
