/** What `tree check` finds: faults keep a tree from starting, notes tell what to expect. */

import { readFileSync, readSync, statSync } from 'node:fs';
import type { Diagnostic, ProgramFault } from '../admit/diagnostic.js';
import { checkProgram } from '../hooks/program.js';
import { thisProcess } from '../host/caller.js';
import { isUnreadable } from '../host/error-code.js';
import { type AbiFinding, abiFindings } from './abi.js';
import { type Asking, chooseBackEnd, whyUnused } from './choose.js';
import { type ContentFault, lookAtFeatures } from './feature-content.js';
import { finder, withRegular } from './inside.js';
import { mountOf, parseMountFacts } from './mount-facts.js';
import { currentGeneration, readGenerations } from './pins.js';
import { directoryOf, faultsOf, plannedRoot } from './prepare-input.js';
import { realPath } from './real-path.js';
import type { RegisteredTree, Registry } from './registry.js';
import { fileFaults } from './render-files.js';
import { resolveFeatures } from './resolve-features.js';
import { isThere, shownShares } from './shown-shares.js';

export type Finding =
  | { readonly kind: 'diagnostic'; readonly diagnostic: Diagnostic }
  /** Who can write to the tree decides what everybody in it runs. */
  | { readonly kind: 'writable'; readonly path: string; readonly uid: number; readonly mode: number }
  | { readonly kind: 'no-os-release' }
  /** Nobody knows what is wrong, or is not. */
  | { readonly kind: 'unreadable'; readonly path: string; readonly code: string }
  | { readonly kind: 'skeleton'; readonly why: string }
  /** The host's mount is not shared: what is mounted below it later does not show up inside. */
  | { readonly kind: 'not-live'; readonly share: string }
  /** Prepared, but not used until it is prepared anew. */
  | { readonly kind: 'stale'; readonly name: string; readonly why: string }
  /** Optional, and not there. */
  | { readonly kind: 'left-out'; readonly share: string }
  /** The registry demands a back end that cannot be used. */
  | { readonly kind: 'cannot-use'; readonly backEnd: string; readonly reason: string }
  /** What a feature of it shows is not there, or is nothing that can be shown. */
  | { readonly kind: 'feature'; readonly feature: string; readonly fault: ContentFault }
  /** Programs of the tree, or libraries of its features, that will not run. */
  | { readonly kind: 'abi'; readonly abi: AbiFinding }
  /** A program of the host that a hook names is not there, or not one, or others can change it. */
  | { readonly kind: 'hook'; readonly hook: string; readonly fault: ProgramFault };

export interface CheckedTree {
  readonly findings: readonly Finding[];
  /** PRETTY_NAME of os-release(5). */
  readonly system: string | null;
}

const faults: ReadonlySet<Finding['kind']> = new Set([
  'diagnostic',
  'unreadable',
  'writable',
  'cannot-use',
  'hook',
  'feature',
]);
/** A library that is not found may be in a directory that only ld.so.conf of the tree names. */
export const isFault = (finding: Finding): boolean =>
  finding.kind === 'abi' ? finding.abi.kind !== 'no-library' : faults.has(finding.kind);

/** PRETTY_NAME, or else ID, of an os-release(5) text. */
export function parseSystem(text: string): string | null {
  for (const name of ['PRETTY_NAME', 'ID']) {
    const value = new RegExp(`^${name}=(.*)$`, 'm').exec(text)?.[1];
    if (value !== undefined) return value.trim().replace(/^(["'])(.*)\1$/, '$2');
  }
  return null;
}

/** More of it nobody has written by hand. */
const MOST_BYTES = 1 << 16;

function textOf(fd: number): string {
  const bytes = Buffer.alloc(MOST_BYTES);
  return bytes.toString('utf8', 0, readSync(fd, bytes));
}

export function systemOf(path: string): string | null {
  const root = directoryOf(path);
  const find = finder(root);
  for (const name of ['/etc/os-release', '/usr/lib/os-release']) {
    const file = find(name);
    const text = file === null ? null : withRegular(root, file, textOf);
    if (text !== null) return parseSystem(text) ?? '?';
  }
  return null;
}

function ownership(given: string): readonly Finding[] {
  const real = realPath(given);
  if (real.kind !== 'at') return [];
  const { path, foreign } = real;
  // Whoever may rename what is above a tree can put another in its place.
  if (foreign !== null) return [{ kind: 'writable', ...foreign }];
  try {
    const { uid, mode } = statSync(path);
    const open = (mode & 0o022) !== 0;
    return uid !== 0 || open ? [{ kind: 'writable', path, uid, mode: mode & 0o7777 }] : [];
  } catch {
    return [];
  }
}

/** Hooks that run outside; `startContainer` hooks are looked for inside, where their paths are others. */
function hookFindings({ hooks }: RegisteredTree): readonly Finding[] {
  return (['createRuntime', 'poststart', 'poststop'] as const).flatMap(kind =>
    (hooks[kind] ?? []).flatMap(({ path }, i): readonly Finding[] => {
      const fault = checkProgram(path);
      return fault === null ? [] : [{ kind: 'hook', hook: `${kind}[${i}]`, fault }];
    }),
  );
}

/** A back end that the registry insists on, for a config.json that leaves it the choice. */
function backEndFindings(tree: RegisteredTree): readonly Finding[] {
  const { backEnd } = tree;
  if (backEnd === 'auto' || backEnd === 'private') return [];
  const chosen = chooseBackEnd(tree, anyConfig, thisProcess());
  return chosen.backEnd === backEnd ? [] : [{ kind: 'cannot-use', backEnd, reason: chosen.reason }];
}

const anyConfig: Asking = {
  mounts: [],
  hooks: { prestart: [], createContainer: [] },
  root: { readonly: false },
  process: { capabilities: null },
  linux: {
    namespaces: new Map(),
    uidMappings: [],
    gidMappings: [],
    maskedPaths: [],
    readonlyPaths: [],
    devices: [],
    rootfsPropagation: null,
  },
};

/** Only what launches would use is told of; who may not see the generations is told of none. */
function staleFindings(tree: RegisteredTree): readonly Finding[] {
  const current = currentGeneration(readGenerations(thisProcess()), tree.name);
  const why = current === undefined ? null : whyUnused(tree, current, thisProcess());
  return why === null || current === undefined ? [] : [{ kind: 'stale', name: current.name, why }];
}

/** What comes from the host, and whether that, the tree and the machine fit. `features`: those of the registry. A tree of which they do not go together is not registered. */
function featureFindings(tree: RegisteredTree, features: Registry['features']): readonly Finding[] {
  const resolved = resolveFeatures(features, tree.features);
  const looked = resolved.kind === 'fault' ? null : lookAtFeatures(resolved.features);
  const content = looked?.kind === 'content' ? looked.content : [];
  return [
    ...(looked?.kind === 'fault'
      ? [{ kind: 'feature', feature: looked.feature.name, fault: looked.fault } as const]
      : []),
    ...content.flatMap(one => one.leftOut.map(share => ({ kind: 'left-out', share }) as const)),
    ...abiFindings(tree, content).map(abi => ({ kind: 'abi', abi }) as const),
  ];
}

/** Of a file of the host that nothing could be written of, that is told, and not that it is not written. */
function pathFindings(tree: RegisteredTree): readonly Finding[] {
  // Who may not read a file does not write it either.
  const unfit = fileFaults(tree).filter(({ what }) => what.kind !== 'no-file' || what.code !== 'EACCES');
  const places = new Set(unfit.map(({ path }) => path));
  const faults = faultsOf(tree, '').filter(
    ({ what, path }) => what.kind !== 'not-rendered' || !places.has(path),
  );
  return [...faults, ...unfit].map(diagnostic => ({ kind: 'diagnostic', diagnostic }));
}

function lookAtTree(tree: RegisteredTree, features: Registry['features']): CheckedTree {
  const faults = pathFindings(tree);
  const system = systemOf(tree.path);
  const mounts = parseMountFacts(readFileSync('/proc/self/mountinfo', 'utf8'));
  const shares = shownShares(tree.shares);
  const root = plannedRoot(tree, shares);
  return {
    system,
    findings: [
      ...faults,
      ...ownership(tree.path),
      ...(faults.length === 0 ? backEndFindings(tree) : []),
      ...hookFindings(tree),
      ...(faults.length === 0 ? featureFindings(tree, features) : []),
      ...(system === null ? [{ kind: 'no-os-release' } as const] : []),
      ...(root.kind === 'skeleton' && faults.length === 0
        ? [{ kind: 'skeleton', why: root.why } as const]
        : []),
      ...staleFindings(tree),
      ...tree.shares
        .filter(share => share.optional && !isThere(share.path))
        .map(share => ({ kind: 'left-out', share: share.path }) as const),
      ...shares
        .filter(share => !share.readonly && (mountOf(directoryOf(share.path), mounts)?.peerGroup ?? 0) === 0)
        .map(share => ({ kind: 'not-live', share: share.path }) as const),
    ],
  };
}

/** What keeps one tree from being looked at keeps nobody from looking at others. */
export function checkTree(tree: RegisteredTree, features: Registry['features']): CheckedTree {
  try {
    return lookAtTree(tree, features);
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return { system: null, findings: [{ kind: 'unreadable', path: error.path, code: error.code }] };
  }
}
