/**
 * Which environment a launch asks for, and which back end puts it together (design.md section 5, "Choosing the environment", "Rules of pinned").
 */
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import type { DirectoryFact, Environment, HostSources } from '../../spec/environment.js';
import type { Config } from '../../spec/generated/config.js';
import { directoryFact, seesWhat } from './caller.js';
import { chooseKmod } from './choose-kmod.js';
import { parseMountFacts } from './mount-facts.js';
import { currentGeneration, PINS, pinOf, readGenerations } from './pins.js';
import { HOST_VIEW } from './prepare-input.js';
import type { RegisteredTree, Registry } from './registry.js';
import { sameShares } from './same-shares.js';
import { shownShares } from './shown-shares.js';

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

/** Why a launch cannot enter a view that is there already (`kmod`, `pinned`), whatever is prepared; null if it can. */
export function whyNotEntered(config: Config): string | null {
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

type BackEnd = Pick<Environment, 'backEnd' | 'reason' | 'pin' | 'link' | 'sources'>;
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
    if (process.geteuid?.() !== 0 && existsSync(PINS)) return privately('only root sees what is prepared');
    const closing = generations.some(one => one.tree === tree.name && one.state === 'closing');
    return privately(
      closing ? 'it is being released' : `not prepared: run chos-runtime tree prepare ${tree.name}`,
    );
  }
  const { record, name } = generation;
  if (
    record.path !== tree.path ||
    record.readonly !== tree.readonly ||
    !sameShares(record.shares, shownShares(tree.shares))
  )
    return privately(`the registry has changed since ${name}: run chos-runtime tree prepare ${tree.name}`);
  if (!seesWhat(record.host))
    return privately(`this mount namespace or root is not the one from which ${name} was prepared`);
  const withMounts = mayElide(config);
  return {
    backEnd: 'pinned',
    reason: `${name} is prepared`,
    pin: pinOf(generation, withMounts),
    sources: withMounts ? hostSources(bindSources(config)) : NONE,
  };
}

/** Whether anything in config.json could be left out, for which what is mounted where must be known. */
function mayElide(config: Config): boolean {
  const ownPids = (config.linux?.namespaces ?? []).some(({ type }) => type === 'pid');
  return bindSources(config).length > 0 || (!ownPids && (config.mounts ?? []).some(m => m.type === 'proc'));
}

function chooseLink(tree: RegisteredTree, config: Config): BackEnd {
  const withMounts = mayElide(config);
  const choice = chooseKmod(tree, withMounts);
  if (choice.kind === 'impossible') return privately(choice.why);
  const { reason, link } = choice;
  return {
    backEnd: 'kmod',
    reason,
    pin: null,
    link,
    sources: withMounts ? hostSources(bindSources(config)) : NONE,
  };
}

/** The best that works: `kmod`, `pinned`, `private`. */
export function chooseBackEnd(tree: RegisteredTree, config: Config): BackEnd {
  if (tree.backEnd === 'private') return privately('the registry says so');
  const never = whyNotEntered(config);
  if (never !== null) return privately(never);
  if (tree.backEnd === 'pinned') return choosePin(tree, config);
  const link = chooseLink(tree, config);
  if (tree.backEnd === 'kmod' || link.backEnd === 'kmod') return link;
  const other = choosePin(tree, config);
  return { ...other, reason: `${other.reason}; not kmod: ${link.reason}` };
}

/** The environment of a tree with its shares. */
export function environmentOf(tree: RegisteredTree, chosenBy: string, config: Config): Environment {
  const { name, path, readonly, variables, hooks, strict, file, line } = tree;
  const backEnd = chooseBackEnd(tree, config);
  return {
    tree: name,
    path,
    readonly,
    hostView: HOST_VIEW,
    shares: shownShares(tree.shares),
    chosenBy,
    variables,
    hooks,
    strict,
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
