/** From what admit and compile refuse to a failure with words. */
import type { Diagnostic } from '../admit/admit.js';
import type { CompileRefusal } from '../compile/launch/refusal.js';
import { refusalText } from '../report/compile-refusal.js';
import { oneLine } from '../report/diagnostic.js';
import type { Failure } from '../report/failure.js';
import { squiggle } from '../report/squiggle.js';

/** The first diagnostic is the line; all of them, with the text at fault, are the detail for a person at a terminal. */
export function refusedInput(diagnostics: readonly Diagnostic[]): Failure {
  const [first] = diagnostics;
  return {
    kind: 'refused-input',
    text: first === undefined ? '' : oneLine(first),
    detail: diagnostics
      .flatMap((diagnostic, index) => [index === 0 ? '' : oneLine(diagnostic), squiggle(diagnostic)])
      .filter(text => text !== '')
      .join('\n'),
  };
}

export function refusedByCompiler(refusals: readonly CompileRefusal[]): Failure {
  const [text = '', ...more] = refusals.map(refusalText);
  return { kind: 'refused-input', text, detail: more.join('\n') };
}
