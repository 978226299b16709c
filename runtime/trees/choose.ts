/**
 * Which environment a launch asks for, and which back end puts it together (design.md section 5, "Choosing the environment", "Rules of pinned").
 */
import { readFileSync, realpathSync, statSync } from 'node:fs';
import type { DirectoryFact, Environment, HostSources, Share } from '../../spec/environment.js';
import type { Config } from '../../spec/generated/config.js';
import { directoryFact, seesWhat } from './caller.js';
import { parseMountFacts } from './mount-facts.js';
import { currentGeneration, pinOf, readGenerations } from './pins.js';
import { HOST_VIEW } from './prepare-input.js';
import type { RegisteredTree, Registry } from './registry.js';

export const TREE_ANNOTATION = 'org.chos.tree';

/** The tree whose directory an opened root is; compared as directories, never as strings. */
export function treeAt(registry: Registry, root: string): RegisteredTree | undefined {
  const asked = statOf(root);
  if (asked === null) return undefined;
  for (const tree of registry.trees.values()) {
    const own = statOf(tree.path);
    if (own !== null && own.dev === asked.dev && own.ino === asked.ino) return tree;
  }
  return undefined;
}

function statOf(path: string): { readonly dev: number; readonly ino: number } | null {
  try {
    const stat = statSync(path);
    return stat.isDirectory() ? stat : null;
  } catch {
    return null;
  }
}

const sameShares = (one: readonly Share[], other: readonly Share[]): boolean => {
  const text = (shares: readonly Share[]): string =>
    shares
      .map(({ path, readonly }) => `${path}\0${readonly}`)
      .sort()
      .join('\n');
  return text(one) === text(other);
};

/** Why a launch cannot use `pinned`, whatever is prepared; null if it can. */
export function whyNotPinned(config: Config): string | null {
  if ((config.hooks?.prestart ?? []).length > 0) return 'prestart hooks need the root before it is entered';
  if ((config.hooks?.createContainer ?? []).length > 0)
    return 'createContainer hooks need the paths of the host';
  const namespaces = config.linux?.namespaces ?? [];
  if (namespaces.some(({ type, path }) => type === 'mount' && (path ?? '') !== ''))
    return 'config.json names a mount namespace to join';
  if (namespaces.some(({ type }) => type === 'user'))
    return 'a user namespace cannot join the mounts of root';
  return null;
}

type BackEnd = Pick<Environment, 'backEnd' | 'reason' | 'pin' | 'sources'>;
const NONE: HostSources = { mounts: [], directories: new Map() };
const privately = (reason: string): BackEnd => ({ backEnd: 'private', reason, pin: null, sources: NONE });

/** Binds of directories: what elision may leave out. */
function bindSources(config: Config): readonly string[] {
  return (config.mounts ?? [])
    .filter(
      ({ type, options = [] }) => type === 'bind' || options.includes('bind') || options.includes('rbind'),
    )
    .flatMap(({ source }) => (source?.startsWith('/') ? [source] : []));
}

function hostSources(sources: readonly string[]): HostSources {
  const directories = new Map<string, DirectoryFact & { readonly path: string }>();
  for (const source of sources) {
    const fact = directoryFact(source);
    if (fact !== null) directories.set(source, { ...fact, path: realpathSync.native(source) });
  }
  return { mounts: parseMountFacts(readFileSync('/proc/self/mountinfo', 'utf8')), directories };
}

/** Why the tree's newest generation cannot be used from here, or the generation. */
function choosePin(tree: RegisteredTree, config: Config): BackEnd {
  const generations = readGenerations();
  const generation = currentGeneration(generations, tree.name);
  if (generation === undefined) {
    const closing = generations.some(one => one.tree === tree.name && one.state === 'closing');
    return privately(
      closing ? 'it is being released' : `not prepared: run chos-runtime tree prepare ${tree.name}`,
    );
  }
  const { record, name } = generation;
  if (
    record.path !== tree.path ||
    record.readonly !== tree.readonly ||
    !sameShares(record.shares, tree.shares)
  )
    return privately(`the registry has changed since ${name}: run chos-runtime tree prepare ${tree.name}`);
  if (!seesWhat(record.host))
    return privately(`this mount namespace or root is not the one from which ${name} was prepared`);
  const sources = bindSources(config);
  return {
    backEnd: 'pinned',
    reason: `${name} is prepared`,
    pin: pinOf(generation, sources.length > 0),
    sources: sources.length > 0 ? hostSources(sources) : NONE,
  };
}

export function chooseBackEnd(tree: RegisteredTree, config: Config): BackEnd {
  if (tree.backEnd === 'private') return privately('the registry says so');
  const impossible = whyNotPinned(config);
  return impossible === null ? choosePin(tree, config) : privately(impossible);
}

/** The environment of a tree with its shares. */
export function environmentOf(tree: RegisteredTree, chosenBy: string, config: Config): Environment {
  const { name, path, readonly, shares, variables, file, line } = tree;
  const backEnd = chooseBackEnd(tree, config);
  return {
    tree: name,
    path,
    readonly,
    hostView: HOST_VIEW,
    shares,
    chosenBy,
    variables,
    file,
    line,
    ...backEnd,
  };
}

/** A tree chosen by root.path alone: an ordinary bundle, or `podman --rootfs TREE` would expose /home without a word. */
export function bareTree(tree: RegisteredTree): Environment {
  const { name, path, file, line } = tree;
  return {
    tree: name,
    path,
    readonly: false,
    hostView: [],
    shares: [],
    chosenBy: 'root.path',
    variables: [],
    file,
    line,
    ...privately('root.path chooses a tree without its shares'),
  };
}
