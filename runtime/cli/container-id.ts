import { ID_LETTERS, ID_LIMIT } from '../../spec/container-limits.js';
import { type Attempt, type Invocation, ok, refuse } from './invocation.js';

const VALID = new RegExp(`^[${ID_LETTERS}][${ID_LETTERS}.]{0,${ID_LIMIT - 1}}$`);

/** Rules of spec/container-limits.ts, which are those of the front door too. */
export function isContainerId(id: string): boolean {
  return VALID.test(id);
}

/** The container id of a command line, the first operand. */
export function containerId({ line }: Pick<Invocation, 'line'>): Attempt<string> {
  const id = line.operands[0] ?? '';
  return isContainerId(id) ? ok(id) : refuse({ kind: 'bad-id', id });
}
