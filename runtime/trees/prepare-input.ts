/** What the host and the registry say of an environment that is to be prepared. */
import { readFileSync } from 'node:fs';
import type { Preparation, PreparedRoot, Share } from '../../spec/environment.js';
import { fileName, generationFile } from '../../spec/records/names.js';
import type { Diagnostic } from '../admit/diagnostic.js';
import { bootId } from '../host/boot-id.js';
import { thisProcess } from '../host/caller.js';
import { type CallerView, pathIdentity } from './caller.js';
import { holdersOf, type RunningContainer } from './holders.js';
import { HOST_VIEW } from './host-view.js';
import { isWithin, mountOf, parseMountFacts } from './mount-facts.js';
import { parent } from './path-parts.js';
import { nextNumber, PINS, readGenerations } from './pins.js';
import { faultOfShare, placeRegistered } from './place-shares.js';
import { realPath } from './real-path.js';
import type { RegisteredShare, RegisteredTree } from './registry.js';
import { isRendered, isThere, shownShares } from './shown-shares.js';
import { type MissingPoint, planRoot } from './skeleton.js';
import { stampOf } from './stale.js';
import { faultOfDirectory, treeView } from './tree-directory.js';

export const pointsOf = (shares: readonly Share[]): readonly string[] => [
  ...HOST_VIEW,
  ...shares.map(share => share.path),
];

/** What lies below another one comes with it: the host's own directory is there. */
const outermostOf = (points: readonly string[]): readonly string[] =>
  points.filter(path => !points.some(other => other !== path && isWithin(path, other)));

/** A path without symlinks, where it can be told (real-path.ts). */
export function directoryOf(path: string, prefix = ''): string {
  const real = realPath(path, prefix);
  return real.kind === 'at' ? real.path : path;
}

const fileShares = (shares: readonly Share[]): ReadonlySet<string> =>
  new Set(shares.filter(({ file }) => file).map(({ path }) => path));

/** What "/" of a tree is for launches that lack these places in it. */
export function plannedRoot(
  { path, readonly }: Pick<RegisteredTree, 'path' | 'readonly'>,
  shares: readonly Share[],
  prefix = '',
  lacking: readonly MissingPoint[] = [],
): PreparedRoot {
  const view = treeView(prefix + directoryOf(path, prefix));
  return planRoot(view, outermostOf(pointsOf(shares)), readonly, lacking, fileShares(shares));
}

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

/** What is shown of `files` was written by the command that prepares the tree: `host` of those that it had at that time. */
function faultOfFile(share: RegisteredShare, from: string, prefix: string): readonly Diagnostic[] {
  const written = share.optional ? isThere(prefix + parent(from)) : isRendered(prefix + from);
  return written ? [] : [share.diagnose({ kind: 'not-rendered' })];
}

/** Faults of a tree's own paths on this host. */
export function faultsOf(tree: RegisteredTree, prefix: string): readonly Diagnostic[] {
  const own = faultOfDirectory(tree.path, prefix);
  const points = pointsOf(tree.shares);
  return [
    ...(own === null ? [] : [tree.diagnose(own)]),
    ...tree.shares.flatMap(share => {
      if (share.from !== undefined) return faultOfFile(share, share.from, prefix);
      if (share.optional && !isThere(prefix + share.path)) return [];
      const fault = faultOfShare(share.path, points, prefix);
      return fault === null ? [] : [share.diagnose(fault)];
    }),
  ];
}

const untellable: ReadonlySet<Diagnostic['what']['kind']> = new Set([
  'foreign-link',
  'leads-away',
  'root-directory',
  'not-rendered',
  'no-file',
]);

/** Shares that cannot be shown, whatever is at their place when the program runs: what it finds missing it says itself. */
export function linkFaults(tree: RegisteredTree): readonly Diagnostic[] {
  return faultsOf(tree, '').filter(({ what }) => untellable.has(what.kind));
}

function pointsIn(directory: string, paths: readonly string[]): Preparation['points'] {
  return Object.fromEntries(
    paths.flatMap(path => {
      const identity = pathIdentity(directory + path);
      return identity === null ? [] : [[path, identity] as const];
    }),
  );
}

/** `abandoned`: generations that a release has closed, and then left. */
export function prepareInput(
  tree: RegisteredTree,
  view: Exclude<CallerView, { readonly kind: 'unknown' }>,
  containers: readonly RunningContainer[],
  abandoned: ReadonlySet<string>,
): PrepareAttempt {
  const prefix = view.kind === 'other' ? view.prefix : '';
  const faults = faultsOf(tree, prefix);
  if (faults.length > 0) return { kind: 'refused', diagnostics: faults };
  const mounts = parseMountFacts(
    readFileSync(view.kind === 'other' ? '/proc/1/mountinfo' : '/proc/self/mountinfo', 'utf8'),
  );
  const shares = shownShares(tree.shares, prefix);
  const points = pointsOf(shares);
  const directory = directoryOf(tree.path, prefix);
  const root = plannedRoot(tree, shares, prefix);
  const stamp = stampOf(prefix + directory, root);
  if (stamp === null)
    return { kind: 'refused', diagnostics: [tree.diagnose({ kind: 'no-directory', code: 'ENOENT' })] };
  const generations = readGenerations(thisProcess(), prefix + PINS).filter(one => one.tree === tree.name);
  const file = fileName(tree.name);
  return {
    kind: 'input',
    input: {
      cpus: possibleCpus(),
      boot: bootId(),
      place: { directory: PINS, file },
      enter: view.kind === 'other',
      tree: { name: tree.name, path: tree.path, directory, readonly: tree.readonly, stamp },
      generation: nextNumber(generations, file, prefix),
      root,
      points: root.kind === 'tree' ? pointsIn(prefix + directory, outermostOf(points)) : {},
      hostView: HOST_VIEW,
      shares: [...placeRegistered(tree, shares, points, prefix)]
        .sort((one, other) => (one.path < other.path ? -1 : 1))
        .map(share => ({
          ...share,
          live: !share.readonly && (mountOf(share.source, mounts)?.peerGroup ?? 0) > 0,
          at: pathIdentity(prefix + share.source),
        })),
      stale: generations
        .filter(one => one.state === 'ready' || abandoned.has(one.name))
        .filter(one => one.record !== null)
        .filter(one => holdersOf(one, containers, prefix + PINS).length === 0)
        .map(one => generationFile(file, one.number)),
      unfinished: generations
        .filter(one => one.state === 'unfinished')
        .map(one => generationFile(file, one.number)),
      file: tree.file,
      line: tree.line,
    },
  };
}
