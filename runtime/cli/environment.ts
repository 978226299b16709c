/** The registry as commands use it. */
import { resolve } from 'node:path';
import type { Environment } from '../../spec/environment.js';
import type { AdmittedSpec } from '../admit/admit.js';
import { bareTree, environmentOf, TREE_ANNOTATION, treeAt } from '../trees/choose.js';
import { faultsOf } from '../trees/prepare-input.js';
import { readRegistry } from '../trees/read-registry.js';
import type { RegisteredTree, Registry } from '../trees/registry.js';
import { type Attempt, type Invocation, ok, refuse } from './invocation.js';
import { refusedInput } from './refusal.js';

/** `prefix`: the root of the machine where it is not ours. */
export function openRegistry(prefix = ''): Attempt<Registry> {
  const read = readRegistry(prefix);
  switch (read.kind) {
    case 'registry':
      return ok(read.registry);
    case 'refused':
      return refuse(refusedInput(read.diagnostics));
    case 'untrusted':
      return refuse({ kind: 'tree', fault: read });
    case 'unreadable':
      return refuse({ kind: 'file', verb: 'read', path: read.path, code: read.code });
  }
}

export function treeOf(registry: Registry, name: string): Attempt<RegisteredTree> {
  const tree = registry.trees.get(name);
  return tree === undefined
    ? refuse({ kind: 'unknown-tree', name, known: [...registry.trees.keys()] })
    : ok(tree);
}

/** The registered tree of a name, its directory being in its place. */
export function findTree(_: Invocation, name: string): Attempt<RegisteredTree> {
  const registry = openRegistry();
  if (registry.kind === 'failure') return registry;
  const tree = treeOf(registry.value, name);
  if (tree.kind === 'failure') return tree;
  const faults = faultsOf({ ...tree.value, shares: [] }, '');
  return faults.length > 0 ? refuse(refusedInput(faults)) : tree;
}

/** An ordinary bundle, unless its root is a registered tree. A registry that cannot be read concerns only those who name a tree. */
function byRoot(invocation: Invocation, spec: AdmittedSpec, bundle: string): Environment | null {
  const read = readRegistry();
  if (read.kind !== 'registry' || read.registry.trees.size === 0) return null;
  const tree = treeAt(read.registry, resolve(invocation.request.cwd, bundle, spec.config.root.path));
  return tree === undefined ? null : bareTree(tree);
}

/** The environment that a launch asks for: --tree, then the annotation org.chos.tree, then root.path; null for an ordinary bundle (design.md section 5). */
export function chooseEnvironment(
  invocation: Invocation,
  spec: AdmittedSpec,
  bundle: string,
): Attempt<Environment | null> {
  const option = invocation.line.options.texts.get('tree');
  const name = option ?? spec.config.annotations?.[TREE_ANNOTATION];
  if (name === undefined) return ok(byRoot(invocation, spec, bundle));
  const tree = findTree(invocation, name);
  if (tree.kind === 'failure') return tree;
  const chosenBy = option === undefined ? `annotation ${TREE_ANNOTATION}` : '--tree';
  const environment = environmentOf(tree.value, chosenBy, spec.config);
  const { backEnd } = tree.value;
  if (backEnd !== 'auto' && environment.backEnd !== backEnd)
    return refuse({
      kind: 'tree',
      fault: { kind: 'cannot-use', tree: name, backEnd, reason: environment.reason },
    });
  return ok(environment);
}
