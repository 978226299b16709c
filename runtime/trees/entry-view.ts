/** By what way users enter a tree (runtime/compile/entry.ts): known when root prepares it, and the same for all. */
import type { DirectoryFact, EnteredFile, PlacedShare, PreparedRoot } from '../../spec/environment.js';
import { directoryFact, pathIdentity } from './caller.js';
import { whyNotListed } from './choose-kmod.js';
import { lookAtFeatures } from './feature-content.js';
import { HOST_VIEW } from './host-view.js';
import type { KernelFacts } from './kernel-link.js';
import { type LinkedFile, linkedFiles, ownShares, whyNotMounted } from './linked-files.js';
import { followInside } from './mount-points.js';
import { placeRegistered } from './place-shares.js';
import { directoryOf, faultsOf, plannedRoot, pointsOf } from './prepare-input.js';
import type { RegisteredTree, Registry } from './registry.js';
import { resolveFeatures } from './resolve-features.js';
import { sameShares } from './same-shares.js';
import { shownShares } from './shown-shares.js';
import { treeView } from './tree-directory.js';

export type EntryChoice =
  | {
      readonly kind: 'link';
      readonly tree: { readonly name: string; readonly path: string };
      readonly directory: DirectoryFact;
      readonly files: readonly EnteredFile[];
      readonly skeleton: string;
    }
  | {
      readonly kind: 'mounts';
      readonly tree: {
        readonly name: string;
        readonly path: string;
        readonly directory: string;
        readonly readonly: boolean;
      };
      readonly root: PreparedRoot;
      readonly hostView: readonly string[];
      readonly shares: readonly PlacedShare[];
      readonly file: string;
      readonly line: number;
    }
  | { readonly kind: 'refused'; readonly why: string };

type Site = Pick<Registry, 'shares' | 'features'>;

/** What the features of a tree show of the host; null: something is wrong with them. */
function featureFiles(tree: RegisteredTree, site: Site, prefix: string): readonly PlacedShare[] | null {
  const resolved = resolveFeatures(site.features, tree.features);
  if (resolved.kind === 'fault') return null;
  const looked = lookAtFeatures(resolved.features, prefix);
  if (looked.kind === 'fault') return null;
  const view = treeView(prefix + directoryOf(tree.path, prefix));
  return looked.content.flatMap(({ feature: { name, file, line }, files }) =>
    files.map(({ source, at, writable, directory }) => {
      const found = followInside(view, at, []);
      return {
        path: source,
        source,
        // A link of the tree's is followed now: the program follows none.
        place: found.kind === 'elsewhere' ? at : found.path,
        readonly: !writable,
        feature: { name, file, line },
        ...(directory ? {} : { file: true as const }),
      };
    }),
  );
}

/** What the program finds at its place inside. */
function enteredFile({ path, from }: LinkedFile, prefix: string): readonly EnteredFile[] {
  const identity = pathIdentity(prefix + from);
  return identity === null ? [] : [{ path, directory: identity }];
}

/** What a skeleton for all cannot show; null: it can. */
function whyNotByLink(
  tree: RegisteredTree,
  site: Site,
  facts: KernelFacts,
  more: readonly PlacedShare[],
  prefix: string,
): string | null {
  const [first] = more;
  const shares = ownShares(tree, prefix);
  const file = shares.find(share => share.file);
  return (
    whyNotListed(facts, tree) ??
    (first === undefined
      ? null
      : `its feature ${first.feature?.name} shows ${first.path}, and the skeleton shows shares only`) ??
    (file !== undefined
      ? `it shares a file, ${file.path}, and a skeleton of links shows directories only`
      : sameShares(shares, shownShares(site.shares, prefix))
        ? whyNotMounted(tree, site.shares, prefix)
        : 'it has shares of its own, and the skeleton shows those of the site')
  );
}

/** Owners of mount points are the caller's ids or nobody's, where no other is mapped. */
function withoutOwners(root: PreparedRoot): PreparedRoot {
  if (root.kind === 'tree') return root;
  return {
    ...root,
    entries: root.entries.map(entry =>
      entry.kind === 'directory' ? { kind: entry.kind, path: entry.path, mode: entry.mode } : entry,
    ),
  };
}

function byMounts(tree: RegisteredTree, more: readonly PlacedShare[], prefix: string): EntryChoice {
  const { name, path, readonly, file, line } = tree;
  const shares = shownShares(tree.shares, prefix);
  const points = pointsOf(shares);
  return {
    kind: 'mounts',
    tree: { name, path, directory: directoryOf(path, prefix), readonly },
    root: withoutOwners(
      plannedRoot(tree, [...shares, ...more.map(one => ({ ...one, path: one.place }))], prefix),
    ),
    hostView: HOST_VIEW,
    shares: [...placeRegistered(tree, shares, points, prefix), ...more].sort((one, other) =>
      (one.feature ? one.place : one.path) < (other.feature ? other.place : other.path) ? -1 : 1,
    ),
    file,
    line,
  };
}

/** Why no user ever enters it, as far as the registry alone tells; null: it depends on the host. */
export const whyNever = ({ backEnd }: Pick<RegisteredTree, 'backEnd'>): string | null =>
  backEnd === 'pinned' ? 'the registry demands the back end pinned, which users enter at login only' : null;

/** `facts`: of the kernel's module. `prefix`: the root of the host, where it is not ours. */
export function entryChoice(tree: RegisteredTree, site: Site, facts: KernelFacts, prefix = ''): EntryChoice {
  const { backEnd, name, path } = tree;
  const never = whyNever(tree);
  if (never !== null) return { kind: 'refused', why: never };
  const more = featureFiles(tree, site, prefix);
  if (more === null || faultsOf(tree, prefix).length > 0)
    return { kind: 'refused', why: `something is wrong with it: root runs chos-runtime tree check ${name}` };
  if (backEnd === 'private') return byMounts(tree, more, prefix);
  const why = whyNotByLink(tree, site, facts, more, prefix);
  const directory = directoryFact(prefix + path);
  if (why === null && facts.kind === 'present' && directory !== null)
    return {
      kind: 'link',
      tree: { name, path },
      directory,
      files: linkedFiles(tree, prefix).flatMap(file => enteredFile(file, prefix)),
      skeleton: facts.skeleton,
    };
  return backEnd === 'kmod'
    ? {
        kind: 'refused',
        why: `the registry demands the back end kmod, but ${why ?? 'its directory is not there'}`,
      }
    : byMounts(tree, more, prefix);
}
