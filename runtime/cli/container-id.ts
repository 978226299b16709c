import { type Attempt, type Invocation, ok, refuse } from './invocation.js';

/** runc's letters (Slurm's ids are like node1.alice.42.0.-1); not a leading dot (crun), which also keeps `.` and `..` out. */
const VALID = /^[A-Za-z0-9_+-][A-Za-z0-9_+.-]{0,254}$/;

export function isContainerId(id: string): boolean {
  return VALID.test(id);
}

/** The container id of a command line, the first operand. */
export function containerId({ line }: Pick<Invocation, 'line'>): Attempt<string> {
  const id = line.operands[0] ?? '';
  return isContainerId(id) ? ok(id) : refuse({ kind: 'bad-id', id });
}
