/**
 * The root of an environment: the tree itself where it has a directory for everything that is mounted in it, else a skeleton: a tmpfs with the tree's
 * own directories bound into it, and directories of its own for what the tree lacks. Pure; what the tree holds is asked through `TreeView`.
 */
import type { PreparedRoot, SkeletonEntry, TreePatch } from '../../spec/environment.js';
import { join, parent } from './path-parts.js';

export type TreeEntry =
  | { readonly kind: 'directory'; readonly mode: number; readonly uid?: number; readonly gid?: number }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'other' };

/** Paths are those inside: "/usr". */
export interface TreeView {
  readonly entry: (path: string) => TreeEntry | null;
  /** Names in a directory, sorted. */
  readonly list: (path: string) => readonly string[];
}

/** A place for a mount of config.json that the tree lacks (mount-points.ts); `path` has no symlinks. */
export interface MissingPoint {
  readonly path: string;
  readonly kind: 'directory' | 'file';
  /** Which entry of `mounts` needs it. */
  readonly index: number;
}

function ancestors(path: string): readonly string[] {
  return path === '/' ? [] : [...ancestors(parent(path)), parent(path)];
}

/** A real directory, reached through real directories: a symlink on the way would lead a mount elsewhere. */
function isThere(tree: TreeView, path: string): boolean {
  return [...ancestors(path), path].every(p => p === '/' || tree.entry(p)?.kind === 'directory');
}

export function isFileThere(tree: TreeView, path: string): boolean {
  return isThere(tree, parent(path)) && tree.entry(path)?.kind === 'other';
}

/** Real directories of the tree only: below a link or a file there is nothing to show. */
function ownEntries(tree: TreeView, directory: string): readonly string[] {
  return isThere(tree, directory) ? tree.list(directory).map(name => join(directory, name)) : [];
}

/** `missing`: more places that the tree lacks. `fileShares`: those of the mount points that are no directories. */
export function planRoot(
  tree: TreeView,
  mountPoints: readonly string[],
  readonly: boolean,
  missing: readonly Pick<MissingPoint, 'path' | 'kind'>[] = [],
  fileShares: ReadonlySet<string> = new Set(),
): PreparedRoot {
  const isLacking = (path: string): boolean =>
    fileShares.has(path) ? !isFileThere(tree, path) : !isThere(tree, path);
  const lacking = [...mountPoints.filter(isLacking), ...missing.map(({ path }) => path)];
  const [first] = lacking;
  if (first === undefined && !readonly) return { kind: 'tree' };
  const expanded = new Set(['/', ...lacking.flatMap(ancestors)]);
  const files = new Set([...fileShares, ...missing.filter(p => p.kind === 'file').map(p => p.path)]);
  const points = new Set([...mountPoints, ...missing.map(({ path }) => path)]);
  const entries: SkeletonEntry[] = [];
  const directoryAt = (path: string): SkeletonEntry => {
    const found = isThere(tree, path) ? tree.entry(path) : null;
    const owned = found?.kind === 'directory' ? found : { mode: 0o755 };
    const { mode, uid = 0, gid = 0 } = owned as { mode: number; uid?: number; gid?: number };
    return { kind: 'directory', path, mode, ...(uid === 0 && gid === 0 ? {} : { uid, gid }) };
  };
  for (const directory of [...expanded].sort()) {
    if (directory !== '/') entries.push(directoryAt(directory));
    for (const path of ownEntries(tree, directory)) {
      if (expanded.has(path) || points.has(path)) continue;
      const found = tree.entry(path);
      if (found?.kind === 'link') entries.push({ kind: 'link', path, target: found.target });
      else if (found !== null) entries.push({ kind: 'bind', path, directory: found.kind === 'directory' });
    }
  }
  for (const path of [...points].sort())
    if (expanded.has(parent(path)) && !expanded.has(path))
      entries.push(files.has(path) ? { kind: 'file', path } : directoryAt(path));
  const why =
    first === undefined
      ? 'the tree is read-only'
      : `the tree has no ${files.has(first) ? 'file' : 'directory'} ${first}`;
  return { kind: 'skeleton', why, entries };
}

/**
 * The directories of a tree that lack places, each as what covers it in a copy of a view that is there already; null where the root itself would have to be
 * covered. Outer ones first: what is in them shows through.
 */
export function planPatches(tree: TreeView, missing: readonly MissingPoint[]): readonly TreePatch[] | null {
  const nearest = (path: string): string =>
    isThere(tree, parent(path)) ? parent(path) : nearest(parent(path));
  const directories = [...new Set(missing.map(({ path }) => nearest(path)))].sort();
  if (directories.includes('/')) return null;
  return directories.flatMap((directory): readonly TreePatch[] => {
    const at = (path: string): string => (path === '/' ? directory : directory + path);
    const within: TreeView = { entry: path => tree.entry(at(path)), list: path => tree.list(at(path)) };
    const points = missing
      .filter(({ path }) => nearest(path) === directory)
      .map(point => ({ ...point, path: point.path.slice(directory.length) }));
    const root = planRoot(within, [], false, points);
    const found = tree.entry(directory);
    if (root.kind === 'tree' || found?.kind !== 'directory') return [];
    const { mode, uid = 0, gid = 0 } = found;
    const why = `the tree has no ${directory}${points[0]?.path ?? ''}`;
    return [{ path: directory, mode, uid, gid, why, entries: root.entries }];
  });
}
