/**
 * What a root gets, as records before there are steps: mounts.ts and devices.ts list them, passes of the back ends rewrite the list, make.ts turns each one that is
 * left into its steps. An action is one whose steps are there already.
 */
import type { BindMount, CgroupMount, FilesystemMount, Remount } from '../../../spec/normal-mount.js';
import type { OperationKind, OperationOf } from '../../../spec/operations/index.js';
import type { Action } from '../../program/action.js';
import type { Slot } from '../../program/operand.js';

interface PlannedEntry<K extends OperationKind, M> {
  readonly does: OperationOf<K>;
  readonly entry: M;
  /** In `mounts`. */
  readonly index: number;
  /** Places from which what the environment shows is taken away first: a container that may unmount must not find the host below. */
  readonly uncovers: readonly string[];
}

export interface PlannedBind extends PlannedEntry<'bind', BindMount> {
  readonly kind: 'bind';
  /** A copy of the source that is made before the namespace is cut off; null: it is copied in its turn. */
  readonly copy: Slot | null;
}

export interface PlannedFilesystem extends PlannedEntry<'mount', FilesystemMount> {
  readonly kind: 'filesystem';
  /** Keeps it open, to be made read-only when all is in place; null: it is at once what it is to be. */
  readonly sealed: Slot | null;
}

export interface PlannedCgroups extends PlannedEntry<'mount-cgroups', CgroupMount> {
  readonly kind: 'cgroup';
}

export interface PlannedRemount extends PlannedEntry<'remount', Remount> {
  readonly kind: 'remount';
}

/** In the place of a device that cannot be made (confined.ts). */
export interface PlannedBoundDevice {
  readonly kind: 'bound-device';
  readonly does: OperationOf<'bind-device'>;
}

export type PlannedMount = PlannedBind | PlannedFilesystem | PlannedCgroups | PlannedRemount;

export interface PlannedDevice {
  readonly kind: 'device';
  readonly does: OperationOf<'device'>;
}

export type Planned = PlannedMount | PlannedDevice | PlannedBoundDevice | Action;

/** What takes the place of a record: itself, another one, several, or nothing. */
export type Pass = (planned: Planned) => readonly Planned[];

export function rewritten(plan: readonly Planned[], passes: readonly Pass[]): readonly Planned[] {
  return passes.reduce((list, pass) => list.flatMap(pass), plan);
}

export function isMount(planned: Planned): planned is PlannedMount {
  return planned.kind !== 'action' && planned.kind !== 'device' && planned.kind !== 'bound-device';
}
