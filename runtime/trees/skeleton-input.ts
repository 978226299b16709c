/** What the registry and the host say of the skeleton: what it has to be, how it differs, what is to be done. */

import { PUBLIC, type SkeletonPlan, type SkeletonWork } from '../../spec/environment.js';
import { fileName, generationFile } from '../../spec/records/names.js';
import type { Diagnostic } from '../admit/diagnostic.js';
import { bootId } from '../host/boot-id.js';
import { thisProcess } from '../host/caller.js';
import { holdersOf, type RunningContainer } from './holders.js';
import { HOST_VIEW } from './host-view.js';
import { linkedFiles, whyNotMounted } from './linked-files.js';
import { mountOf } from './mount-facts.js';
import { type Generation, nextNumber, PINS, readGenerations } from './pins.js';
import { faultOfShare, placeOf } from './place-shares.js';
import { directoryOf, pointsOf, possibleCpus } from './prepare-input.js';
import type { RegisteredTree, Registry } from './registry.js';
import { planSkeleton, type SkeletonInput, shownTrees } from './shared-skeleton.js';
import { isThere, shownShares } from './shown-shares.js';
import { type Deviation, deviationsOf, type Repairs, repairsOf } from './skeleton-deviations.js';
import {
  actualSkeleton,
  type HostReading,
  lookAtPlace,
  ownDirectories,
  type SkeletonPlace,
} from './skeleton-place.js';
import { readSkeleton, type SkeletonState } from './skeleton-record.js';
import { faultOfDirectory, treeView } from './tree-directory.js';

/** Trees that may be started by the kernel's link. */
export function linkedTrees(registry: Registry): readonly RegisteredTree[] {
  return [...registry.trees.values()].filter(({ backEnd }) => backEnd === 'auto' || backEnd === 'kmod');
}

export interface SkeletonLook {
  readonly path: string;
  readonly place: SkeletonPlace;
  readonly state: SkeletonState;
  /** What users find. */
  readonly copy: SkeletonState;
  readonly plan: SkeletonPlan;
  readonly input: SkeletonInput;
  readonly deviations: readonly Deviation[];
  readonly generations: readonly Generation[];
  /** Shares whose host mount is not shared: what is mounted below them later does not show up. */
  readonly notLive: readonly string[];
}

const sameList = (one: readonly string[], other: readonly string[]): boolean =>
  [...one].sort().join('\0') === [...other].sort().join('\0');

const shownFiles = ({ mounts }: SkeletonPlan): readonly string[] =>
  mounts.filter(({ what }) => what === 'file').map(({ place }) => place);

const readonlyTrees = ({ trees }: SkeletonInput): readonly string[] =>
  trees.filter(tree => tree.readonly).map(tree => tree.path);

/** Trees that are not in their place are left out: `tree check` tells of them. */
export function lookAtSkeleton(registry: Registry, host: HostReading, path: string): SkeletonLook {
  const { prefix } = host;
  const place = lookAtPlace(host, path);
  const state = readSkeleton(path, prefix + PINS);
  const copy = readSkeleton(path, prefix + PUBLIC);
  const actual = actualSkeleton(host, path);
  const there = place.kind === 'skeleton';
  const input: SkeletonInput = {
    hostView: HOST_VIEW,
    shares: shownShares(registry.shares, prefix).filter(({ file }) => !file),
    trees: linkedTrees(registry)
      // Only root's word may say what everybody's /bin is.
      .filter(tree => faultOfDirectory(tree.path, prefix) === null)
      .map(tree => ({
        path: tree.path,
        readonly: tree.readonly,
        files: whyNotMounted(tree, registry.shares, prefix) === null ? linkedFiles(tree, prefix) : [],
        view: treeView(prefix + directoryOf(tree.path, prefix)),
      })),
    directories: there ? ownDirectories(actual) : [],
    placeOf: (path, points) => placeOf(path, points, prefix),
  };
  const plan = planSkeleton(input);
  const former =
    state.kind === 'ready'
      ? [...state.record.shares.map(s => s.path), ...state.record.holders, ...state.record.readonly]
      : [];
  const files = state.kind === 'ready' ? state.record.files : [];
  const live = (share: string): boolean =>
    (mountOf(directoryOf(share, prefix), host.mounts)?.peerGroup ?? 0) > 0;
  return {
    path,
    place,
    state,
    copy,
    plan,
    input,
    deviations: there ? deviationsOf(plan, actual, host.mounts, former, files) : [],
    generations: readGenerations(thisProcess(), prefix + PINS).filter(one => one.tree === path),
    notLive: input.shares.filter(share => !share.readonly && !live(share.path)).map(share => share.path),
  };
}

/** The record says what is to be shown, and its copy is one. */
export function isRecorded({ state, copy, input, plan }: SkeletonLook): boolean {
  if (state.kind !== 'ready' || copy.kind !== 'ready') return false;
  const { record } = state;
  return (
    JSON.stringify(copy.record) === JSON.stringify(record) &&
    sameList(record.holders, shownTrees(input)) &&
    sameList(record.readonly, readonlyTrees(input)) &&
    sameList(record.files, shownFiles(plan)) &&
    sameList(
      record.shares.map(share => `${share.path}\0${share.readonly}`),
      input.shares.map(share => `${share.path}\0${share.readonly}`),
    )
  );
}

/** A generation of its namespace that is ready to be used. */
export function isPinned({ generations }: SkeletonLook): boolean {
  return generations.some(one => one.state === 'ready');
}

export function skeletonWork(
  look: SkeletonLook & { readonly place: Exclude<SkeletonPlace, { readonly kind: 'taken' }> },
  enter: boolean,
  containers: readonly RunningContainer[],
  prefix: string,
): SkeletonWork {
  const { plan, place, input, deviations, generations, notLive, path } = look;
  const file = fileName(path);
  const all: Repairs = {
    detach: [],
    unlink: [],
    open: [],
    make: plan.entries,
    mount: plan.mounts,
    alter: [],
  };
  return {
    cpus: possibleCpus(),
    boot: bootId(),
    place: { directory: PINS, file },
    enter,
    path,
    root: place.kind === 'skeleton' ? place.root : null,
    leftovers: place.kind === 'free' ? place.leftovers : 0,
    ...(place.kind === 'skeleton' ? repairsOf(plan, deviations) : all),
    generation: nextNumber(generations, file, prefix),
    stale: generations
      .filter(one => holdersOf(one, containers, `${enter ? '/proc/1/root' : ''}${PINS}`).length === 0)
      .map(one => generationFile(file, one.number)),
    shares: input.shares.map(share => ({ ...share, live: !share.readonly && !notLive.includes(share.path) })),
    holders: shownTrees(input),
    readonly: readonlyTrees(input),
    files: shownFiles(plan),
  };
}

/** Shares that cannot be shown. */
export function shareFaults(registry: Registry, prefix: string): readonly Diagnostic[] {
  const points = pointsOf(registry.shares);
  return registry.shares.flatMap(share => {
    if (share.optional && !isThere(prefix + share.path)) return [];
    const fault = faultOfShare(share.path, points, prefix);
    return fault === null ? [] : [share.diagnose(fault)];
  });
}
