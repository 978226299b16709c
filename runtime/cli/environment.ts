/** The registry as commands use it. */
import type { Environment } from '../../spec/environment.js';
import type { AdmittedSpec } from '../admit/admit.js';
import { followedPath } from '../host/followed-path.js';
import { Looks } from '../host/looks.js';
import { brokenFileLines } from '../report/broken-file-text.js';
import type { Failure } from '../report/failure.js';
import { addFeatures, FEATURES_ANNOTATION, namesIn } from '../trees/add-features.js';
import { bareTree, environmentOf, TREE_ANNOTATION, treeAt } from '../trees/choose.js';
import { type FeatureContent, lookAtFeatures } from '../trees/feature-content.js';
import { generationAt } from '../trees/pins.js';
import { faultsOf, linkFaults } from '../trees/prepare-input.js';
import { type NoRegistry, readRegistry } from '../trees/read-registry.js';
import { type BrokenFile, DEFAULT_NAME, type RegisteredTree, type Registry } from '../trees/registry.js';
import { resolveFeatures } from '../trees/resolve-features.js';
import { type Attempt, type Invocation, ok, refuse } from './invocation.js';
import { refusedInput } from './refusal.js';

export function registryFailure(read: NoRegistry): Failure {
  return read.kind === 'untrusted'
    ? { kind: 'tree', fault: read }
    : { kind: 'file', verb: 'read', path: read.path, code: read.code };
}

/** `prefix`: the root of the machine where it is not ours. */
export function openRegistry(prefix = ''): Attempt<Registry> {
  const read = readRegistry(prefix);
  return read.kind === 'registry' ? ok(read.registry) : refuse(registryFailure(read));
}

/** The tree of a name; `default` is the registry's, unless a tree is named so. */
export function treeOf(registry: Registry, name: string): Attempt<RegisteredTree> {
  const { trees, defaultTree, broken } = registry;
  const tree = trees.get(name) ?? (name === DEFAULT_NAME ? trees.get(defaultTree ?? '') : undefined);
  if (tree !== undefined) return ok(tree);
  const own = broken.filter(one => one.trees.includes(name)).flatMap(brokenFileLines);
  const [first] = own;
  if (first !== undefined)
    return refuse({ kind: 'tree', fault: { kind: 'broken-tree', tree: name, first, more: own.length - 1 } });
  if (name === DEFAULT_NAME && broken.length === 0)
    return refuse({ kind: 'tree', fault: { kind: 'no-default' } });
  const files = [...new Set(broken.map(({ file }) => file))];
  return refuse({ kind: 'unknown-tree', name, known: [...trees.keys()], broken: files });
}

interface Found {
  readonly tree: RegisteredTree;
  readonly features: Registry['features'];
  /** What the registry goes on without. */
  readonly broken: readonly BrokenFile[];
}

/** The registered tree of a name, its directory being in its place. */
export function findTree(name: string): Attempt<Found> {
  const registry = openRegistry();
  if (registry.kind === 'failure') return registry;
  const tree = treeOf(registry.value, name);
  if (tree.kind === 'failure') return tree;
  const faults = faultsOf({ ...tree.value, shares: [] }, '');
  if (faults.length > 0) return refuse(refusedInput(faults));
  const { broken, features } = registry.value;
  return ok({ tree: tree.value, features, broken });
}

/** An ordinary bundle, unless its root is a registered tree. A registry that cannot be read concerns only those who name a tree. */
function byRoot(
  invocation: Invocation,
  spec: AdmittedSpec,
  bundle: string,
  looks: Looks,
): Environment | null {
  const read = readRegistry('', null, looks);
  if (read.kind !== 'registry' || read.registry.trees.size === 0) return null;
  const directory = followedPath(invocation.request.cwd, bundle);
  const { path } = spec.config.root;
  const root = followedPath(directory, path);
  // Links decide where it leads.
  if (path.split('/').includes('..')) looks.cannot();
  const tree = treeAt(read.registry, root);
  if (tree !== undefined) return bareTree(tree, spec.config, directory);
  for (const other of read.registry.trees.values()) looks.apart(root, other.path);
  return null;
}

/** A launch by that way would have rights in the view of all others that none of theirs had (docs/architecture.md, "Rules of shared views", 10). */
function joinsShared({ config }: AdmittedSpec, { request }: Invocation, looks: Looks): Attempt<null> {
  const path = config.linux.namespaces.get('mount') ?? 'new';
  if (path === 'new') return ok(null);
  looks.cannot();
  const shared = generationAt(path, request.caller);
  if (shared === undefined) return ok(null);
  const { name, tree } = shared;
  return refuse({ kind: 'tree', fault: { kind: 'joins-shared', path, generation: name, tree } });
}

/** What a start gets beside the shares: by the tree, and by the annotation org.chos.features. */
function featuresFor(
  { tree, features }: Found,
  { annotations }: AdmittedSpec['config'],
): Attempt<readonly FeatureContent[]> {
  const names = [...tree.features, ...namesIn(annotations[FEATURES_ANNOTATION])];
  if (names.length === 0) return ok([]);
  const resolved = resolveFeatures(features, names);
  if (resolved.kind === 'fault')
    return refuse({ kind: 'tree', fault: { kind: 'features', tree: tree.name, fault: resolved.fault } });
  const looked = lookAtFeatures(resolved.features);
  if (looked.kind === 'content') return ok(looked.content);
  const { feature, fault } = looked;
  return refuse({ kind: 'tree', fault: { kind: 'feature', tree: tree.name, feature: feature.name, fault } });
}

export interface ChosenEnvironment {
  /** With what features add. */
  readonly spec: AdmittedSpec;
  readonly environment: Environment | null;
  readonly broken: readonly BrokenFile[];
}

/** The environment that a launch asks for: --tree, then the annotation org.chos.tree, then root.path; null for an ordinary bundle (docs/trees.md). `looks` is told of what it depends on. */
export function chooseEnvironment(
  invocation: Invocation,
  spec: AdmittedSpec,
  bundle: string,
  looks = new Looks(),
): Attempt<ChosenEnvironment> {
  const joined = joinsShared(spec, invocation, looks);
  if (joined.kind === 'failure') return joined;
  const option = invocation.line.options.texts.get('tree');
  const name = option ?? spec.config.annotations[TREE_ANNOTATION];
  if (name === undefined)
    return spec.config.annotations[FEATURES_ANNOTATION] === undefined
      ? ok({ spec, environment: byRoot(invocation, spec, bundle, looks), broken: [] })
      : refuse({ kind: 'tree', fault: { kind: 'features-without-tree' } });
  const found = findTree(name);
  if (found.kind === 'failure') return found;
  const { tree, broken } = found.value;
  const chosenBy = option === undefined ? `annotation ${TREE_ANNOTATION}` : '--tree';
  const directory = followedPath(invocation.request.cwd, bundle);
  const content = featuresFor(found.value, spec.config);
  if (content.kind === 'failure') return content;
  const { config, variables, added } = addFeatures(spec.config, content.value, tree.variables);
  const plain = environmentOf(tree, chosenBy, config, directory, invocation.request.caller);
  const environment =
    added.length === 0 ? plain : { ...plain, variables: [...plain.variables, ...variables], features: added };
  if (environment.backEnd === 'private') {
    const faults = linkFaults(tree);
    if (faults.length > 0) return refuse(refusedInput(faults));
  }
  const { backEnd } = tree;
  if (backEnd !== 'auto' && environment.backEnd !== backEnd)
    return refuse({
      kind: 'tree',
      fault: { kind: 'cannot-use', tree: tree.name, backEnd, reason: environment.reason },
    });
  return ok({ spec: added.length === 0 ? spec : { ...spec, config }, environment, broken });
}
