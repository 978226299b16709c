/** Who is in which tree, of what was found: pure. */
import { TREE_ANNOTATION } from './choose.js';
import { ENVIRONMENT_ANNOTATION, type RunningContainer } from './holders.js';

/** A container of a state root. */
export interface KnownContainer extends RunningContainer {
  /** The state root. */
  readonly root: string;
  readonly backEnd: string;
  /** The tree to which its link leads, in the skeleton. */
  readonly link: string | null;
  readonly rootfs: string;
  readonly pids: readonly number[];
}

export interface Found {
  /** Names of registered trees by their path. */
  readonly trees: ReadonlyMap<string, string>;
  readonly generations: readonly {
    readonly tree: string;
    readonly name: string;
    readonly pids: readonly number[];
  }[];
  /** Processes whose root is the skeleton or a copy of it, and the trees that their links name as far as they could be read. */
  readonly skeleton: { readonly pids: readonly number[]; readonly links: ReadonlyMap<number, string> };
  readonly containers: readonly KnownContainer[];
  /** Known by their mounts only (private-views.ts). */
  readonly views?: readonly { readonly tree: string; readonly pids: readonly number[] }[];
}

export interface Occupant {
  readonly pid: number;
  /** Its name, or the path of one that is not registered; null: it cannot be seen. */
  readonly tree: string | null;
  /** Null: it is in none. */
  readonly generation: string | null;
  readonly backEnd: 'kmod' | 'pinned' | 'private';
  readonly container: KnownContainer | null;
}

/** In the order of the pids. What the kernel says of a process comes before what its container's state says. */
export function occupants({
  trees,
  generations,
  skeleton,
  containers,
  views = [],
}: Found): readonly Occupant[] {
  const found = new Map<number, Occupant>();
  const containerOf = new Map(containers.flatMap(one => one.pids.map(pid => [pid, one] as const)));
  const add = (one: Omit<Occupant, 'container'>): void => {
    if (!found.has(one.pid)) found.set(one.pid, { ...one, container: containerOf.get(one.pid) ?? null });
  };
  for (const { tree, name, pids } of generations)
    for (const pid of pids) add({ pid, tree, generation: name, backEnd: 'pinned' });
  for (const pid of skeleton.pids) {
    const path = skeleton.links.get(pid) ?? containerOf.get(pid)?.link ?? null;
    add({ pid, tree: path === null ? null : (trees.get(path) ?? path), generation: null, backEnd: 'kmod' });
  }
  for (const { annotations, backEnd, link, rootfs, pids } of containers) {
    const environment = annotations[ENVIRONMENT_ANNOTATION];
    // In the skeleton it is the skeleton's.
    const generation = backEnd === 'pinned' && environment !== undefined ? environment : null;
    const tree =
      (link === null ? undefined : (trees.get(link) ?? link)) ??
      generation?.replace(/@\d+$/, '') ??
      annotations[TREE_ANNOTATION] ??
      trees.get(rootfs);
    if (tree === undefined) continue;
    const how = backEnd === 'kmod' || backEnd === 'pinned' ? backEnd : 'private';
    for (const pid of pids) add({ pid, tree, generation, backEnd: how });
  }
  for (const { tree, pids } of views)
    for (const pid of pids) add({ pid, tree, generation: null, backEnd: 'private' });
  return [...found.values()].sort((a, b) => a.pid - b.pid);
}
