/** From what admit and compile refuse to a failure with words. */
import type { Diagnostic } from '../admit/admit.js';
import type { CompileRefusal } from '../compile/launch/refusal.js';
import { refusalText } from '../report/compile-refusal.js';
import { oneLine } from '../report/diagnostic.js';
import type { Failure } from '../report/failure.js';
import { squiggle } from '../report/squiggle.js';

/** More nobody reads; and each is looked for in its line, of which a file of megabytes may have one. */
const MOST_SHOWN = 50;

/** The first diagnostic is the line; with the text at fault, it and those behind it are the detail for a person at a terminal. */
export function refusedInput(diagnostics: readonly Diagnostic[]): Failure {
  const [first] = diagnostics;
  const left = diagnostics.length - MOST_SHOWN;
  return {
    kind: 'refused-input',
    text: first === undefined ? '' : oneLine(first),
    detail: diagnostics
      .slice(0, MOST_SHOWN)
      .flatMap((diagnostic, index) => [index === 0 ? '' : oneLine(diagnostic), squiggle(diagnostic)])
      .filter(text => text !== '')
      .concat(left > 0 ? [`and ${left} more`] : [])
      .join('\n'),
  };
}

export function refusedByCompiler(refusals: readonly CompileRefusal[]): Failure {
  const [text = '', ...more] = refusals.map(refusalText);
  return { kind: 'refused-input', text, detail: more.join('\n') };
}
