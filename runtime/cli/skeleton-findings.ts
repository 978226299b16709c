/** What `skeleton check` and `doctor` say of a skeleton that is there. */
import { deviationText } from '../report/skeleton-text.js';
import type { KernelFacts } from '../trees/kernel-link.js';
import { isPinned, isRecorded, type SkeletonLook } from '../trees/skeleton-input.js';

/** In what it is not as the registry asks for. */
export function skeletonFaults(look: SkeletonLook): readonly string[] {
  return [
    ...look.deviations.map(deviationText),
    ...(look.state.kind === 'broken' ? [`its record ${look.state.why}`] : []),
    ...(look.copy.kind === 'broken' ? [`the copy of its record for users ${look.copy.why}`] : []),
    ...(isRecorded(look) || look.state.kind === 'broken' || look.copy.kind === 'broken'
      ? []
      : ['its record is missing, or the copy of it for users, or it says something else than the registry']),
  ];
}

/** Launches work without it, but not as they could. */
export function skeletonNotes(look: SkeletonLook, facts: KernelFacts): readonly string[] {
  const unlisted =
    facts.kind === 'present'
      ? look.input.trees.map(tree => tree.path).filter(path => facts.valid?.has(path) === false)
      : [];
  return [
    ...look.notLive.map(
      share => `${share}: not live, because the host's mount is not shared; mount --make-shared it`,
    ),
    ...(isPinned(look)
      ? []
      : ["no namespace of it is pinned: launches with mounts of their own copy the host's"]),
    ...(facts.kind === 'present' ? [] : ['the kernel module chos is not loaded, or too old']),
    ...(facts.kind === 'present' && facts.skeleton !== look.path
      ? [`the kernel module uses another skeleton, ${facts.skeleton}`]
      : []),
    ...unlisted.map(path => `${path}: not in the kernel's list: run chos-runtime tree load`),
  ];
}
