/** The order in which a root is prepared, the same for all back ends. Which phases there are and what is in them is told in prepare.ts and by the back end. */
import type { Action } from '../../program/action.js';

export const rootPhases = [
  /** Copies of mounts of the host that stay its peers, as long as nothing is cut off. */
  'copies',
  /** The root is there and opened; what is mounted from here on does not reach the host. */
  'enter',
  /** What is sealed, but has to be filled. */
  'unseal',
  'mounts',
  'devices',
  'terminal',
  /** Those that need paths of the host. */
  'hooks',
  'working-directory',
  /** What is masked or read-only. */
  'covers',
  /** Read-only at last. */
  'seal',
  /** A procfs of our own, as long as mounts can be made. */
  'procfs',
  /** "/" is that of the container. */
  'leave',
  'streams',
  'sysctls',
] as const;

export type RootPhase = (typeof rootPhases)[number];

/** What each phase does; one that is left out is not asked. */
export type FilledPhases = { readonly [P in RootPhase]: () => readonly Action[] };

export function inOrder(filled: FilledPhases, without: readonly RootPhase[]): readonly Action[] {
  return rootPhases.flatMap(phase => (without.includes(phase) ? [] : filled[phase]()));
}
