/** Whether a tree can be started by the kernel's link, and with what (docs/architecture.md, "Back ends"). */
import type { Caller } from '../../spec/caller.js';
import { type HostSources, type KernelLink, type MountFact, PINS, PUBLIC } from '../../spec/environment.js';
import type { SkeletonRecord } from '../../spec/records/skeleton.js';
import { directoryFact, sameDirectory, seesWhat } from './caller.js';
import type { Entrant } from './entrant.js';
import { seePin, whyStale } from './host-sources.js';
import { isListed, type KernelFacts, probeKernelLink } from './kernel-link.js';
import { ownShares, whyNotMounted, whyOtherFiles } from './linked-files.js';
import { isWithin } from './mount-facts.js';
import { currentGeneration, readGenerations } from './pins.js';
import type { RegisteredTree } from './registry.js';
import { sameShares } from './same-shares.js';
import type { TreeView } from './skeleton.js';
import { readSkeleton } from './skeleton-record.js';

export type KmodChoice =
  | { readonly kind: 'link'; readonly reason: string; readonly link: KernelLink }
  | { readonly kind: 'impossible'; readonly why: string };

const impossible = (why: string): KmodChoice => ({ kind: 'impossible', why });

/** What the kernel's list says. `listed`: asks without reading it. */
export function whyNotListed(
  facts: KernelFacts,
  tree: Pick<RegisteredTree, 'name' | 'path'>,
  listed: (path: string) => boolean | null = isListed,
): string | null {
  switch (facts.kind) {
    case 'absent':
      return 'the kernel module chos is not loaded';
    case 'too-old':
      return `the kernel module chos ${facts.version} is too old`;
    case 'present':
      return (facts.valid?.has(tree.path) ?? listed(tree.path)) !== false
        ? null
        : `tree "${tree.name}" is not in the kernel's list: run chos-runtime tree load`;
  }
}

/** What the skeleton shows; pure. */
export function whyNotShown(record: SkeletonRecord, tree: RegisteredTree): string | null {
  const again = `run chos-runtime skeleton create`;
  const shares = ownShares(tree);
  const file = shares.find(share => share.file);
  if (file !== undefined)
    return `it shares a file, ${file.path}, and a skeleton of links shows directories only`;
  if (!sameShares(record.shares, shares))
    return `the skeleton ${record.path} shows other shares than the tree has`;
  if (!record.holders.some(holder => isWithin(tree.path, holder)))
    return `the skeleton ${record.path} does not show ${tree.path}: ${again}`;
  return record.readonly.includes(tree.path) === tree.readonly
    ? null
    : `the tree is ${tree.readonly ? '' : 'not '}read-only in the registry, but ${tree.readonly ? 'not ' : ''}in the skeleton ${record.path}: ${again}`;
}

/** Whether a path goes by one of the skeleton's links, behind which is the tree; else what is missing can be made in the skeleton. */
export function leadsToTree(skeleton: TreeView, path: string): boolean {
  const parts = path.split('/').filter(name => name !== '');
  for (let depth = 1; depth <= parts.length; depth++) {
    const found = skeleton.entry(`/${parts.slice(0, depth).join('/')}`);
    if (found?.kind !== 'directory') return found !== null;
  }
  return false;
}

/** Mounts at and below a directory, by the path inside it; of several at one place the last is what is seen. */
export function mountsInside(directory: string, mounts: readonly MountFact[]): readonly MountFact[] {
  return mounts
    .filter(mount => isWithin(mount.point, directory))
    .map(mount => ({ ...mount, point: mount.point.slice(directory.length) || '/' }));
}

/** A user finds a copy of the record. */
export function chooseKmod(
  tree: RegisteredTree,
  sources: HostSources,
  who: Exclude<Entrant['kind'], 'never'>,
  caller: Caller,
  facts: KernelFacts = probeKernelLink(),
): KmodChoice {
  const unlisted = whyNotListed(facts, tree, () => null);
  if (facts.kind !== 'present' || unlisted !== null) return impossible(unlisted ?? '');
  const path = facts.skeleton;
  const state = readSkeleton(path, who === 'root' ? PINS : PUBLIC);
  if (state.kind === 'broken')
    return impossible(`the record of the skeleton ${path} ${state.why}: run chos-runtime skeleton create`);
  if (state.kind !== 'ready')
    return impossible(
      state.kind === 'closing'
        ? `the skeleton ${path} is being removed`
        : `there is no skeleton ${path}: run chos-runtime skeleton create`,
    );
  const { record, stamp, file } = state;
  if (!seesWhat(record.host, caller))
    return impossible(`this mount namespace or root is not the one in which the skeleton ${path} is`);
  if (!sameDirectory(directoryFact(path), record.root))
    return impossible(`the skeleton ${path} was unmounted or covered: run chos-runtime skeleton create`);
  // Asked from outside of it only: inside, the question would set the link of this process.
  const unseen = whyNotListed(facts, tree) ?? whyNotShown(record, tree);
  if (unseen !== null) return impossible(unseen);
  const directory = directoryFact(tree.path);
  if (directory === null) return impossible(`${tree.path} is not there`);
  const mounts = mountsInside(path, sources.mounts);
  const files = whyNotMounted(tree, record.shares) ?? whyOtherFiles(tree, record.files, mounts);
  if (files !== null) return impossible(files);
  const stale = whyStale(sources, record, mounts, null);
  if (stale !== null)
    return impossible(`${stale} since the skeleton ${path} was made: run chos-runtime skeleton create`);
  const generation = currentGeneration(readGenerations(caller), path);
  const usable = generation !== undefined && seesWhat(generation.record.host, caller);
  // Without it, or if the host has changed since, a launch with mounts of its own copies the host's namespace.
  const seen = usable ? seePin(generation, sources) : null;
  return {
    kind: 'link',
    reason: `the kernel module chos ${facts.version} knows the tree`,
    link: {
      target: tree.path,
      directory,
      skeleton: {
        path,
        root: record.root,
        record: file,
        ...(who === 'root' ? {} : { copied: true }),
        stamp,
        host: record.host,
        mounts,
      },
      pin: seen?.kind === 'fresh' ? seen.pin : null,
    },
  };
}
