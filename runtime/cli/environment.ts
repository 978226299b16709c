import type { Environment } from '../../spec/environment.js';
import type { AdmittedSpec } from '../admit/admit.js';
import { type Attempt, type Invocation, ok, refuse } from './invocation.js';

/** The registered tree of a name. */
export function findTree(_: Invocation, name: string): Attempt<{ readonly path: string }> {
  return refuse({ kind: 'unknown-tree', name, known: [] });
}

/** The environment that a launch asks for: --tree, then the annotation org.chos.tree; null for an ordinary bundle (design.md section 5). */
export function chooseEnvironment(invocation: Invocation, spec: AdmittedSpec): Attempt<Environment | null> {
  const name = invocation.line.options.texts.get('tree') ?? spec.config.annotations?.['org.chos.tree'];
  if (name === undefined) return ok(null);
  return refuse({ kind: 'unknown-tree', name, known: [] });
}
