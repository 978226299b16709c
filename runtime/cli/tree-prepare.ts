import { compilePrepare } from '../compile/prepare.js';
import { hostArch } from '../host/facts.js';
import { encode } from '../program/encode.js';
import { type CallerView, callerView } from '../trees/caller.js';
import { prepareInput } from '../trees/prepare-input.js';
import { openRegistry, treeOf } from './environment.js';
import { type Attempt, failed, type Invocation, type Outcome, ok, refuse } from './invocation.js';
import { refusedInput } from './refusal.js';
import { runningContainers } from './running-containers.js';

/** Whether and from where the mount namespace of process 1 can be changed. */
export function hostViewFor(verb: string): Attempt<Exclude<CallerView, { readonly kind: 'unknown' }>> {
  if (process.geteuid?.() !== 0) return refuse({ kind: 'tree', fault: { kind: 'needs-root', verb } });
  const view = callerView();
  return view.kind === 'unknown'
    ? refuse({ kind: 'tree', fault: { kind: 'no-host-namespace', verb, code: view.code } })
    : ok(view);
}

/** The name that `tree prepare` and `tree release` need. */
export function givenName({ line }: Invocation): Attempt<string> {
  const name = line.operands[1];
  if (name !== undefined) return ok(name);
  const fault = { kind: 'missing-operand', operand: 'NAME', command: 'tree' } as const;
  return refuse({ kind: 'usage', fault });
}

/** `tree prepare NAME`: a new generation of the environment. */
export function prepare(invocation: Invocation): Outcome {
  const name = givenName(invocation);
  if (name.kind === 'failure') return name;
  const view = hostViewFor('prepare');
  if (view.kind === 'failure') return view;
  const registry = openRegistry(view.value.kind === 'other' ? view.value.prefix : '');
  if (registry.kind === 'failure') return registry;
  const tree = treeOf(registry.value, name.value);
  if (tree.kind === 'failure') return tree;
  const input = prepareInput(tree.value, view.value, runningContainers(invocation));
  if (input.kind === 'refused') return failed(refusedInput(input.diagnostics));
  const program = compilePrepare({ ...input.input, arch: hostArch() });
  return { kind: 'launch', entry: 'host', image: encode(program), values: {} };
}
