import { type Attempt, type Invocation, ok, refuse } from './invocation.js';

/** The operand, or `--bundle`, or the current directory: of two one would be ignored. */
export function givenBundle({ line: { operands, options } }: Invocation): Attempt<string> {
  const [operand] = operands;
  const option = options.texts.get('bundle');
  if (operand !== undefined && option !== undefined)
    return refuse({ kind: 'usage', fault: { kind: 'conflict', one: '--bundle', other: operand } });
  return ok(operand ?? option ?? '.');
}
