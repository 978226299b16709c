/**
 * The skeleton of the kernel's link, one for all trees: links through /proc/chos/link for what is the tree's, real directories where the host's are
 * mounted. It shows what `pinned` shows: the host view and the shares are the host's, all else is the tree's. Pure.
 */
import type { Share, SkeletonMount, SkeletonPlan } from '../../spec/environment.js';
import type { LinkedFile } from './linked-files.js';
import { isWithin } from './mount-facts.js';
import { join, parent } from './path-parts.js';
import type { TreeView } from './skeleton.js';

export const LINK = '/proc/chos/link';

export interface SkeletonInput {
  readonly hostView: readonly string[];
  readonly shares: readonly Share[];
  readonly trees: readonly {
    readonly path: string;
    readonly readonly: boolean;
    readonly view: TreeView;
    /** Shown in the place of its own. */
    readonly files?: readonly LinkedFile[];
  }[];
  /** Real directories that the skeleton has already and that are no mount points: links would have to replace them under running processes. */
  readonly directories: readonly string[];
  /** Where a path of `points` is on the host, and inside. */
  readonly placeOf: (path: string, points: readonly string[]) => Pick<SkeletonMount, 'source' | 'place'>;
}

/** What the registry asks for, without what is there already. */
type Asked = Omit<SkeletonInput, 'directories' | 'placeOf'>;

function ancestors(path: string): readonly string[] {
  return path === '/' ? [] : [...ancestors(parent(path)), parent(path)];
}

/**
 * Where trees stand, so that the link's text leads to them inside: the directory that holds a tree, so that later ones need no mount; but the tree itself
 * where that directory would hide one of the same name in a tree.
 */
export function treeHolders({ hostView, shares, trees }: Asked): readonly string[] {
  const shown = [...hostView, ...shares.map(share => share.path)];
  const hides = (path: string): boolean => path === '/' || trees.some(tree => tree.view.entry(path) !== null);
  const holders = trees.map(({ path }) => (hides(parent(path)) ? path : parent(path)));
  const all = [...new Set(holders)].sort();
  return all.filter(path => ![...shown, ...all].some(other => other !== path && isWithin(path, other)));
}

/** Every place at which a tree can be seen inside: the holders, and the shares above trees. */
export function shownTrees(input: Asked): readonly string[] {
  const points = [...input.hostView, ...input.shares.map(share => share.path)];
  return [
    ...treeHolders(input),
    ...points.filter(point => input.trees.some(tree => isWithin(tree.path, point))),
  ];
}

function mountsOf(input: SkeletonInput): readonly SkeletonMount[] {
  const { hostView, shares, trees } = input;
  const holders = treeHolders(input).filter(path => !shares.some(share => share.path === path));
  const mounts = [
    ...hostView.map(path => ({ path, readonly: false, what: 'host' as const })),
    ...shares.map(({ path, readonly }) => ({ path, readonly, what: 'share' as const })),
    ...holders.map(path => ({
      path,
      readonly: trees.some(t => t.path === path && t.readonly),
      what: 'trees' as const,
    })),
    ...trees
      .filter(tree => tree.readonly && !holders.includes(tree.path))
      .map(({ path, readonly }) => ({ path, readonly, what: 'tree' as const })),
  ];
  const points = mounts.map(mount => mount.path);
  const files = trees.flatMap(tree =>
    (tree.files ?? []).map(({ path, from }): SkeletonMount => {
      const { place } = input.placeOf(tree.path, [...points, tree.path]);
      const at = { path: `${tree.path}${path}`, source: from, place: `${place}${path}` };
      return { ...at, readonly: true, file: true, what: 'file' };
    }),
  );
  return [
    ...mounts.map((mount): SkeletonMount => ({ ...mount, ...input.placeOf(mount.path, points) })),
    ...files,
  ].sort((one, other) => (one.path < other.path ? -1 : 1));
}

export function planSkeleton(input: SkeletonInput): SkeletonPlan {
  const mounts = mountsOf(input);
  const views = input.trees.map(tree => tree.view);
  const points = mounts.map(mount => mount.path);
  // What lies below another mount comes with it: the host's own directory is there.
  const outermost = new Set(
    points.filter(path => !points.some(other => other !== path && isWithin(path, other))),
  );
  const covered = (path: string): boolean => [...outermost].some(point => isWithin(path, point));
  const kept = input.directories.filter(path => !covered(path));
  const expanded = new Set([
    '/',
    ...[...outermost].flatMap(ancestors),
    ...kept.flatMap(p => [...ancestors(p), p]),
  ]);
  const entries: SkeletonPlan['entries'][number][] = [];
  const mode = (path: string): number =>
    views.reduce((bits, view) => {
      const found = view.entry(path);
      return found?.kind === 'directory' ? bits & found.mode : bits;
    }, 0o755);
  for (const directory of [...expanded].sort()) {
    if (directory !== '/') entries.push({ kind: 'directory', path: directory, mode: mode(directory) });
    const names = new Set(views.flatMap(view => view.list(directory)));
    for (const path of [...names].sort().map(name => join(directory, name)))
      if (!expanded.has(path) && !outermost.has(path))
        entries.push({ kind: 'link', path, target: `${LINK}${path}` });
  }
  for (const path of [...outermost].sort()) entries.push({ kind: 'directory', path, mode: mode(path) });
  return { entries, mounts };
}
