/** What can be wrong with a tree, or with what is asked of it. Words: tree-text.ts. */
export type TreeFault =
  /** The registry, or a directory in which it stands, could be written by somebody other than root. */
  | { readonly kind: 'untrusted'; readonly path: string; readonly why: 'owner' | 'mode' | 'not-a-file' }
  /** The registry demands a back end for the tree that cannot be used. */
  | { readonly kind: 'cannot-use'; readonly tree: string; readonly backEnd: string; readonly reason: string }
  | { readonly kind: 'needs-root'; readonly verb: string }
  /** The mount namespace of process 1 cannot be told from the caller's, or not be entered. */
  | { readonly kind: 'no-host-namespace'; readonly verb: string; readonly code: string }
  | { readonly kind: 'not-prepared'; readonly tree: string }
  | { readonly kind: 'no-generation'; readonly name: string; readonly known: readonly string[] }
  /** `release` without --force or --drain. */
  | { readonly kind: 'held'; readonly name: string; readonly holders: readonly string[] };
