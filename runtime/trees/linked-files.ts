/** `files` of a tree by the kernel's link: mounted in the skeleton on the tree's own, where those are regular files. */
import type { MountFact, Share } from '../../spec/environment.js';
import { isWithin } from './mount-facts.js';
import { directoryOf } from './prepare-input.js';
import type { RegisteredTree } from './registry.js';
import { shownShares } from './shown-shares.js';
import { isFileThere } from './skeleton.js';
import { treeView } from './tree-directory.js';

type Linked = Pick<RegisteredTree, 'path' | 'shares'>;

/** What a skeleton shows for all. */
export const ownShares = ({ shares }: Linked, prefix = ''): readonly Share[] =>
  shownShares(
    shares.filter(({ from }) => from === undefined),
    prefix,
  );

export interface LinkedFile {
  /** Of the tree. */
  readonly path: string;
  readonly from: string;
}

export const linkedFiles = ({ shares }: Linked, prefix = ''): readonly LinkedFile[] =>
  shownShares(
    shares.filter(({ from }) => from !== undefined),
    prefix,
  ).flatMap(({ path, from }) => (from === undefined ? [] : [{ path, from }]));

/** Why a skeleton cannot show them; null: it can. */
export function whyNotMounted(
  tree: Linked,
  site: readonly Pick<Share, 'path'>[],
  prefix = '',
): string | null {
  const files = linkedFiles(tree, prefix);
  if (files.length === 0) return null;
  const share = site.find(({ path }) => isWithin(tree.path, path));
  if (share !== undefined) return `it stands in the share ${share.path}, and has files of the host`;
  const view = treeView(prefix + directoryOf(tree.path, prefix));
  const lacking = files.find(({ path }) => !isFileThere(view, path));
  return lacking === undefined
    ? null
    : `the tree has no regular file ${lacking.path}, on which a skeleton could show that of the registry`;
}

/** Why launches do not use it; null: it shows these and no others. `recorded`: their places in it. `mounts`: in it. */
export function whyOtherFiles(
  tree: Linked,
  recorded: readonly string[],
  mounts: readonly Pick<MountFact, 'point'>[],
): string | null {
  const directory = directoryOf(tree.path);
  const wanted = linkedFiles(tree).map(({ path }) => `${directory}${path}`);
  const missing = wanted.find(
    path => !recorded.includes(path) || !mounts.some(({ point }) => point === path),
  );
  const surplus = recorded.find(path => isWithin(path, directory) && !wanted.includes(path));
  const other = missing ?? surplus;
  return other === undefined
    ? null
    : `the skeleton shows another ${other} than the registry: run chos-runtime skeleton create`;
}
