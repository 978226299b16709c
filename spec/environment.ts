/**
 * A tree with its shares, as runtime/trees hands it to the compiler.
 */
export interface Share {
  /** Host directory, shown at the same path inside. */
  readonly path: string;
  readonly readonly: boolean;
}

export interface Environment {
  /** Registered name. */
  readonly tree: string;
  /** Absolute directory of the tree on the host. */
  readonly path: string;
  readonly shares: readonly Share[];
  readonly backEnd: 'pinned' | 'private';
  /** Why that back end: shown by explain. */
  readonly reason: string;
  /** What caused the choice, e.g. "--tree", "annotation org.chos.tree". */
  readonly chosenBy: string;
  /** pinned: the prepared mount namespace. */
  readonly pin: { readonly path: string; readonly generation: number; readonly inode: number } | null;
  /** NAME=VALUE entries that the registry adds to the process's environment. */
  readonly variables: readonly string[];
  /** Registry file and line, for explain. */
  readonly file: string;
  readonly line: number;
}
