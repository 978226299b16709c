/**
 * Which environment a launch asks for, and which back end puts it together (docs/trees.md, "Which environment a launch gets"; docs/architecture.md, "Rules of shared views").
 */
import { existsSync, statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import type { Caller } from '../../spec/caller.js';
import type { Environment, HostSources, ShownDirectory, TreePatch } from '../../spec/environment.js';
import type { NormalHooks } from '../../spec/normal-config.js';
import { normalHooks } from '../admit/normal/hooks.js';
import { directoryFact, seesWhat } from './caller.js';
import { chooseKmod, leadsToTree } from './choose-kmod.js';
import {
  type Credentials,
  credentialsOf,
  type Entering,
  type Entrant,
  entrantOf,
  whyNotAsUser,
} from './entrant.js';
import { hostSources, type SeenPin, seePin } from './host-sources.js';
import { HOST_VIEW } from './host-view.js';
import { isWithin } from './mount-facts.js';
import { missingPoints } from './mount-points.js';
import { currentGeneration, PINS, type ReadyGeneration, readGenerations } from './pins.js';
import { placeRegistered } from './place-shares.js';
import { directoryOf, plannedRoot, pointsOf } from './prepare-input.js';
import type { RegisteredTree, Registry } from './registry.js';
import { sameShares } from './same-shares.js';
import { shownShares } from './shown-shares.js';
import { type MissingPoint, planPatches, planRoot } from './skeleton.js';
import { whyStale } from './stale.js';
import { treeView } from './tree-directory.js';

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

/** What the choice depends on. */
export interface Asking extends Entering {
  readonly hooks: Pick<NormalHooks, 'prestart' | 'createContainer'>;
}

/** Why a launch cannot enter a view that is there already (`kmod`, `pinned`), whatever is prepared; null if it can. */
export function whyNotEntered(config: Asking): string | null {
  const { prestart, createContainer } = config.hooks;
  if (prestart.length > 0) return 'prestart hooks need the root before it is entered';
  if (createContainer.length > 0) return 'createContainer hooks need the paths of the host';
  const { namespaces } = config.linux;
  if ((namespaces.get('mount') ?? 'new') !== 'new') return 'config.json names a mount namespace to join';
  return null;
}

type BackEnd = Pick<Environment, 'backEnd' | 'reason' | 'pin' | 'link' | 'sources' | 'patches'>;
const NONE: HostSources = { mounts: [], directories: new Map(), shares: new Map() };
const privately = (reason: string): BackEnd => ({ backEnd: 'private', reason, pin: null, sources: NONE });

/** Binds of directories: what elision may leave out. */
function bindSources(config: Asking): readonly string[] {
  return config.mounts.flatMap(mount =>
    mount.kind === 'bind' && mount.source.startsWith('/') ? [mount.source] : [],
  );
}

/** Places for mounts that a tree lacks. */
function lackingIn(
  tree: RegisteredTree,
  config: Asking,
  bundle: string,
  shown: readonly string[],
): readonly MissingPoint[] {
  if (config.mounts.length === 0) return [];
  const isDirectory = (source: string): boolean | null => {
    try {
      return statSync(isAbsolute(source) ? source : `${bundle}/${source}`).isDirectory();
    } catch {
      return null;
    }
  };
  const view = treeView(directoryOf(tree.path));
  return missingPoints(view, config.mounts, shown, isDirectory);
}

/** What a view that is there already needs in a copy; or why it cannot serve: its root would have to be another. */
function patched(tree: RegisteredTree, lacking: readonly MissingPoint[]): readonly TreePatch[] | BackEnd {
  const view = treeView(directoryOf(tree.path));
  const patches = planPatches(view, lacking);
  if (patches !== null) return patches;
  const { path = '', index = 0 } = lacking.find(point => planPatches(view, [point]) === null) ?? {};
  return privately(`the tree has no ${path} for mounts[${index}], and nothing is made in a tree`);
}

const isBackEnd = (given: readonly TreePatch[] | BackEnd): given is BackEnd => 'backEnd' in given;

/** Why a generation is not that of the tree any more, whoever asks; null: it is. */
function whyNotThat(tree: RegisteredTree, { record, name }: ReadyGeneration): string | null {
  const again = `run chos-runtime tree prepare ${tree.name}`;
  if (
    record.path !== tree.path ||
    record.readonly !== tree.readonly ||
    !sameShares(record.shares, shownShares(tree.shares))
  )
    return `the registry has changed since ${name}, or which of its optional shares are there: ${again}`;
  const stale = record.stamp === undefined ? null : whyStale(record.stamp, directoryOf(tree.path));
  return stale === null ? null : `${stale} since ${name}: ${again}`;
}

/** What of the tree can be looked at from inside, to know it again: what it is like is asked of the host, not of a record. */
function shownDirectory({ treeMounts }: ReadyGeneration['record'], directory: string): ShownDirectory | null {
  for (const path of treeMounts) {
    const fact = directoryFact(directory + path);
    if (fact !== null) return { path, directory: fact };
  }
  return null;
}

/** Why the tree's newest generation cannot be used from here, or the generation. */
function choosePin(
  tree: RegisteredTree,
  config: Asking,
  who: Entrant['kind'],
  lacking: readonly MissingPoint[],
  caller: Caller,
): BackEnd {
  const generations = readGenerations(caller);
  const generation = currentGeneration(generations, tree.name);
  if (generation === undefined) {
    if (who === 'user' && existsSync(PINS)) return privately('only root sees what is prepared');
    const closing = generations.some(one => one.tree === tree.name && one.state === 'closing');
    return privately(
      closing ? 'it is being released' : `not prepared: run chos-runtime tree prepare ${tree.name}`,
    );
  }
  const { name, record } = generation;
  const sources = hostSources(bindSources(config), record.shares, caller);
  const seen = lookAtPin(tree, generation, sources, caller);
  if (seen.kind === 'stale') return privately(seen.why);
  const shows = shownDirectory(record, directoryOf(tree.path));
  if (shows === null)
    return privately(`${name} shows nothing of ${tree.path}: run chos-runtime tree prepare ${tree.name}`);
  // A skeleton has room for more; what it shows of the tree has not.
  const inTree = lacking.filter(({ path }) => record.treeMounts.some(point => isWithin(path, point)));
  const patches = patched(tree, inTree);
  if (isBackEnd(patches)) return patches;
  return { backEnd: 'pinned', reason: `${name} is prepared`, pin: { ...seen.pin, shows }, patches, sources };
}

/** A generation as it is to be used from here; or why it is not, in words. */
function lookAtPin(
  tree: RegisteredTree,
  generation: ReadyGeneration,
  sources: HostSources,
  caller: Caller,
): SeenPin {
  const { record, name } = generation;
  const again = `run chos-runtime tree prepare ${tree.name}`;
  const other = whyNotThat(tree, generation);
  if (other !== null) return { kind: 'stale', why: other };
  if (!seesWhat(record.host, caller))
    return {
      kind: 'stale',
      why: `this mount namespace or root is not the one from which ${name} was prepared`,
    };
  const seen = seePin(generation, sources);
  return seen.kind === 'stale'
    ? { kind: 'stale', why: `${seen.why} since ${name} was prepared: ${again}` }
    : seen;
}

/** Why launches do not use a generation that is prepared; null: they do. */
export function whyUnused(tree: RegisteredTree, generation: ReadyGeneration, caller: Caller): string | null {
  const seen = lookAtPin(tree, generation, hostSources([], generation.record.shares, caller), caller);
  return seen.kind === 'stale' ? seen.why : null;
}

function chooseLink(
  tree: RegisteredTree,
  config: Asking,
  who: 'root' | 'user',
  lacking: readonly MissingPoint[],
  caller: Caller,
): BackEnd {
  const sources = hostSources(bindSources(config), shownShares(tree.shares), caller);
  const choice = chooseKmod(tree, sources, who, caller);
  if (choice.kind === 'impossible') return privately(choice.why);
  const why = who === 'user' ? whyNotAsUser(config) : null;
  if (why !== null) return privately(why);
  const { reason, link } = choice;
  const skeleton = treeView(link.skeleton.path);
  const patches = patched(
    tree,
    lacking.filter(({ path }) => leadsToTree(skeleton, path)),
  );
  if (isBackEnd(patches)) return patches;
  return {
    backEnd: 'kmod',
    reason,
    pin: null,
    link,
    patches,
    sources,
  };
}

/** The best that works: `kmod`, `pinned`, `private`. */
export function chooseBackEnd(
  tree: RegisteredTree,
  config: Asking,
  caller: Caller,
  lacking: readonly MissingPoint[] = [],
  credentials: Credentials = credentialsOf(caller),
): BackEnd {
  if (tree.backEnd === 'private') return privately('the registry says so');
  const never = whyNotEntered(config);
  if (never !== null) return privately(never);
  const entrant = entrantOf(config, credentials);
  if (entrant.kind === 'never') return privately(entrant.why);
  const { kind: who } = entrant;
  if (tree.backEnd === 'pinned') return choosePin(tree, config, who, lacking, caller);
  const link = chooseLink(tree, config, who, lacking, caller);
  if (tree.backEnd === 'kmod' || link.backEnd === 'kmod') return link;
  const other = choosePin(tree, config, who, lacking, caller);
  return { ...other, reason: `${other.reason}; not kmod: ${link.reason}` };
}

/** The environment of a tree with its shares. `bundle`: absolute. */
export function environmentOf(
  tree: RegisteredTree,
  chosenBy: string,
  config: Asking,
  bundle: string,
  caller: Caller,
): Environment {
  const { name, path, readonly, variables, hooks, strict, file, line } = tree;
  const shares = shownShares(tree.shares);
  const points = pointsOf(shares);
  const lacking = lackingIn(tree, config, bundle, points);
  const backEnd = chooseBackEnd(tree, config, caller, lacking);
  const directory = directoryOf(path);
  const opened = backEnd.backEnd === 'private' || config.mounts.length > 0;
  return {
    tree: name,
    path: directory,
    readonly,
    hostView: HOST_VIEW,
    // Each is looked at only by launches that open or cover it.
    shares: opened
      ? placeRegistered(tree, shares, points)
      : shares.map(share => ({ ...share, source: share.from ?? share.path, place: share.path })),
    chosenBy,
    variables,
    hooks: normalHooks(hooks),
    strict,
    file,
    line,
    ...(backEnd.backEnd === 'private' ? { root: plannedRoot(tree, shares, '', lacking) } : {}),
    ...backEnd,
  };
}

/**
 * A tree chosen by root.path alone: an ordinary bundle, or `podman --rootfs TREE` would expose /home without a word. If it is read-only, nothing is
 * written to it either.
 */
export function bareTree(tree: RegisteredTree, config: Asking, bundle: string): Environment {
  const { name, path, readonly, file, line } = tree;
  const directory = directoryOf(path);
  const lacking = readonly ? lackingIn(tree, config, bundle, []) : [];
  // The nodes that every container has are made there.
  const devices = config.mounts.some(({ place }) => place === '/dev')
    ? []
    : [{ path: '/dev', kind: 'directory' } as const];
  return {
    tree: name,
    path: directory,
    readonly,
    hostView: [],
    shares: [],
    chosenBy: 'root.path',
    variables: [],
    file,
    line,
    root: readonly ? planRoot(treeView(directory), [], readonly, [...lacking, ...devices]) : null,
    ...privately('root.path chooses a tree without its shares'),
  };
}
