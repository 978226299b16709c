/** What can be wrong with a tree, or with what is asked of it. Words: tree-text.ts. */
import type { FeatureFault } from '../admit/diagnostic.js';
import type { ContentFault } from '../trees/feature-content.js';

export type TreeFault =
  /** The registry, or a directory in which it stands, could be written by somebody other than root. */
  | { readonly kind: 'untrusted'; readonly path: string; readonly why: 'owner' | 'mode' | 'not-a-file' }
  /** The file that registers it is broken; `first` is the first fault in words. */
  | { readonly kind: 'broken-tree'; readonly tree: string; readonly first: string; readonly more: number }
  | { readonly kind: 'no-default' }
  /** `prepare --all`; one sentence each. */
  | { readonly kind: 'not-all-prepared'; readonly faults: readonly string[] }
  /** `files`; one sentence each. */
  | { readonly kind: 'files-not-written'; readonly faults: readonly string[] }
  /** What the registry asks for is not known while a file of it is broken. */
  | { readonly kind: 'broken-registry'; readonly verb: string; readonly first: string }
  /** The registry demands a back end for the tree that cannot be used. */
  | { readonly kind: 'cannot-use'; readonly tree: string; readonly backEnd: string; readonly reason: string }
  /** config.json names the mount namespace of a generation, in which nothing may ever be mounted. */
  | {
      readonly kind: 'joins-shared';
      readonly path: string;
      readonly generation: string;
      readonly tree: string;
    }
  /** Features that are asked for together. */
  | { readonly kind: 'features'; readonly tree: string; readonly fault: FeatureFault }
  /** One of them, on this host. */
  | {
      readonly kind: 'feature';
      readonly tree: string;
      readonly feature: string;
      readonly fault: ContentFault;
    }
  /** The annotation alone. */
  | { readonly kind: 'features-without-tree' }
  | { readonly kind: 'needs-root'; readonly verb: string }
  /** The mount namespace of process 1 cannot be told from the caller's, or not be entered. */
  | { readonly kind: 'no-host-namespace'; readonly verb: string; readonly code: string }
  | { readonly kind: 'not-prepared'; readonly tree: string }
  | { readonly kind: 'no-generation'; readonly name: string; readonly known: readonly string[] }
  /** `release` without --force or --drain. */
  | { readonly kind: 'held'; readonly name: string; readonly holders: readonly string[] }
  /** `tree entry`: users do not enter it by `chos`. */
  | { readonly kind: 'no-entry'; readonly tree: string; readonly why: string }
  | { readonly kind: 'no-trees' }
  /** The place of the skeleton is somebody else's. */
  | {
      readonly kind: 'skeleton-place';
      readonly path: string;
      readonly why:
        | 'mounted'
        | 'not-empty'
        | 'not-a-directory'
        | 'not-canonical'
        | 'named-like-a-tree'
        | 'foreign';
    }
  | { readonly kind: 'no-skeleton'; readonly path: string }
  /** `skeleton remove` without --force. */
  | { readonly kind: 'skeleton-held'; readonly path: string; readonly holders: readonly string[] }
  /** The kernel module chos is not there, or cannot do what is asked. */
  | { readonly kind: 'no-module' }
  | { readonly kind: 'old-module'; readonly version: string }
  /** Paths that the module takes are those of process 1. */
  | { readonly kind: 'not-on-the-host' }
  /** The kernel refuses trees; one sentence each. */
  /** `others`: what else went wrong on the way, a line each. */
  | {
      readonly kind: 'not-loaded';
      readonly refused: readonly LoadRefusal[];
      readonly others: readonly string[];
    };

/** What the kernel said of a tree that was written to its list. */
export interface LoadRefusal {
  readonly tree: string;
  readonly path: string;
  readonly code: string;
}
