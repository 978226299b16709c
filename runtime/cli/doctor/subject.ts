/** What the checks look at, gathered once. */
import type { MountFact } from '../../../spec/environment.js';
import type { Found } from '../../hooks/directories.js';
import type { Answer } from '../../host/answers.js';
import type { Unreadable } from '../../host/error-code.js';
import type { CheckedTree } from '../../trees/check-tree.js';
import type { KernelFacts } from '../../trees/kernel-link.js';
import type { Generation } from '../../trees/pins.js';
import type { NoRegistry } from '../../trees/read-registry.js';
import type { RegisteredTree, Registry } from '../../trees/registry.js';
import { resolveFeatures } from '../../trees/resolve-features.js';
import type { SkeletonLook } from '../../trees/skeleton-input.js';
import type { SkeletonState } from '../../trees/skeleton-record.js';
import type { Host } from './host.js';
import type { Line } from './line.js';

export interface Subject {
  readonly host: Host;
  /** An empty one, if there is none to be had. */
  readonly registry: Registry;
  readonly noRegistry: NoRegistry | null;
  readonly kernel: KernelFacts;
  /** /proc/self/mountinfo, as it is and read. */
  readonly mountinfo: string;
  readonly mounts: readonly MountFact[];
  /** Of each path that a check goes to and that may be on a file server (askedPaths, Check.paths). */
  readonly answers: ReadonlyMap<string, Answer>;
  /** None for who may not see them, or where they cannot be read (unreadable). */
  readonly generations: readonly Generation[];
  /** What is recorded of the skeleton; null: that cannot be read (unreadable). */
  readonly recorded: SkeletonState | null;
  /** What could not be read when all this was gathered, by the check that rests on it. */
  readonly unreadable: readonly (readonly [check: string, why: Unreadable])[];
  /** Of the directories of hooks.d. */
  readonly hooks: Found;
  /** Whether this mount namespace is that of process 1; null: it cannot be told. */
  readonly atHome: boolean | null;
  /** The directory of the states of containers; null: there is none. */
  readonly stateRoot: string | null;
  /** Only for trees and shares that have answered. */
  checkTree(tree: RegisteredTree): CheckedTree;
  /** Null: not for this caller, or a share does not answer. */
  lookAtSkeleton(): SkeletonLook | null;
}

export interface Check {
  readonly name: string;
  readonly look: (subject: Subject) => readonly Line[];
  /** Where it goes besides (askedPaths), as far as that is known from what has answered already. */
  readonly paths?: (subject: Subject) => readonly string[];
}

const hasAnswered = (answer: Answer | undefined): boolean =>
  answer === undefined || answer.kind === 'answered' || answer.kind === 'failed';

/** Paths that must not be gone to. */
export function silentPaths({ answers }: Pick<Subject, 'answers'>): readonly string[] {
  return [...answers].flatMap(([path, answer]) => (hasAnswered(answer) ? [] : [path]));
}

/** What a check of a tree goes to. */
export function pathsOfTree(
  { path, shares, hooks, features }: RegisteredTree,
  registered: Registry['features'],
): readonly string[] {
  const resolved = resolveFeatures(registered, features);
  const shown = resolved.kind === 'fault' ? [] : resolved.features.flatMap(feature => feature.files);
  const programs = Object.values(hooks)
    .flat()
    .flatMap(hook => (hook === undefined ? [] : [hook.path]));
  // What is shown of the host's files was written down, to the host's own /run.
  const own = shares.filter(share => share.from === undefined);
  return [path, ...own.map(share => share.path), ...shown.map(file => file.path), ...programs];
}

/** Every path that may be on a file server: of the registry, of what was prepared of an earlier one, and what is the caller's own. */
export function askedPaths(
  registry: Registry,
  generations: readonly Generation[],
  skeleton: SkeletonState | null,
  own: readonly string[],
): readonly string[] {
  const shown = skeleton?.kind === 'ready' ? skeleton.record : null;
  return [
    ...registry.shares.map(share => share.path),
    ...[...registry.trees.values()].flatMap(tree => pathsOfTree(tree, registry.features)),
    ...generations.flatMap(({ record }) => [
      ...(record === null ? [] : [record.path]),
      ...(record?.shares ?? []).map(share => share.path),
    ]),
    ...(shown?.shares ?? []).map(share => share.path),
    ...(shown?.holders ?? []),
    ...own,
  ].filter(path => path.startsWith('/'));
}
