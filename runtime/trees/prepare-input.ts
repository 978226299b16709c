/** What the host and the registry say of an environment that is to be prepared. */
import { readFileSync } from 'node:fs';
import type { Preparation } from '../../spec/environment.js';
import type { Diagnostic } from '../admit/diagnostic.js';
import type { CallerView } from './caller.js';
import { holdersOf, type RunningContainer } from './holders.js';
import { isWithin, mountOf, parseMountFacts } from './mount-facts.js';
import { fileName, PINS, readGenerations } from './pins.js';
import type { RegisteredTree } from './registry.js';
import { isThere, shownShares } from './shown-shares.js';
import { planRoot } from './skeleton.js';
import { faultOfDirectory, treeView } from './tree-directory.js';

/** What an environment shows of the host without being asked. */
export const HOST_VIEW: readonly string[] = ['/proc', '/sys', '/dev'];

export type PrepareAttempt =
  | { readonly kind: 'input'; readonly input: Preparation }
  | { readonly kind: 'refused'; readonly diagnostics: readonly Diagnostic[] };

/** "0-3,8" -> 9 */
export function cpuCount(possible: string): number {
  const last = /(\d+)\s*$/.exec(possible)?.[1];
  return last === undefined ? 1 : Number(last) + 1;
}

export function possibleCpus(): number {
  try {
    return cpuCount(readFileSync('/sys/devices/system/cpu/possible', 'latin1'));
  } catch {
    return 1;
  }
}

/** Faults of a tree's own paths on this host. */
export function faultsOf(tree: RegisteredTree, prefix: string): readonly Diagnostic[] {
  const own = faultOfDirectory(prefix + tree.path);
  return [
    ...(own === null ? [] : [tree.diagnose(own)]),
    ...tree.shares.flatMap(share => {
      if (share.optional && !isThere(prefix + share.path)) return [];
      const fault = faultOfDirectory(prefix + share.path);
      return fault === null || fault.kind === 'leads-away' ? [] : [share.diagnose(fault)];
    }),
  ];
}

export function prepareInput(
  tree: RegisteredTree,
  view: Exclude<CallerView, { readonly kind: 'unknown' }>,
  containers: readonly RunningContainer[],
): PrepareAttempt {
  const prefix = view.kind === 'other' ? view.prefix : '';
  const faults = faultsOf(tree, prefix);
  if (faults.length > 0) return { kind: 'refused', diagnostics: faults };
  const mounts = parseMountFacts(
    readFileSync(view.kind === 'other' ? '/proc/1/mountinfo' : '/proc/self/mountinfo', 'utf8'),
  );
  const shares = shownShares(tree.shares, prefix);
  const points = [...HOST_VIEW, ...shares.map(share => share.path)];
  // What lies below another share comes with it: the host's own directory is there.
  const outermost = points.filter(path => !points.some(other => other !== path && isWithin(path, other)));
  const generations = readGenerations(prefix + PINS).filter(one => one.tree === tree.name);
  const file = fileName(tree.name);
  return {
    kind: 'input',
    input: {
      cpus: possibleCpus(),
      place: { directory: PINS, file },
      enter: view.kind === 'other',
      tree: { name: tree.name, path: tree.path, readonly: tree.readonly },
      generation:
        1 + Math.max(0, ...generations.filter(one => one.state !== 'unfinished').map(one => one.number)),
      root: planRoot(treeView(prefix + tree.path), outermost, tree.readonly),
      hostView: HOST_VIEW,
      shares: [...shares]
        .sort((one, other) => (one.path < other.path ? -1 : 1))
        .map(share => ({
          ...share,
          live: !share.readonly && (mountOf(share.path, mounts)?.peerGroup ?? 0) > 0,
        })),
      stale: generations
        .filter(one => one.state === 'ready' && one.record !== null)
        .filter(one => holdersOf(one.name, one.record?.inode ?? 0, containers).length === 0)
        .map(one => `${file}@${one.number}`),
      file: tree.file,
      line: tree.line,
    },
  };
}
