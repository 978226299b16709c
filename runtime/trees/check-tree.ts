/** What `tree check` finds: faults keep a tree from starting, notes tell what to expect. */
import { readFileSync, statSync } from 'node:fs';
import type { Diagnostic } from '../admit/diagnostic.js';
import { mountOf, parseMountFacts } from './mount-facts.js';
import { faultsOf, HOST_VIEW } from './prepare-input.js';
import type { RegisteredTree } from './registry.js';
import { planRoot } from './skeleton.js';
import { treeView } from './tree-directory.js';

export type Finding =
  | { readonly kind: 'diagnostic'; readonly diagnostic: Diagnostic }
  /** Who can write to the tree decides what everybody in it runs. */
  | { readonly kind: 'writable'; readonly path: string; readonly uid: number; readonly mode: number }
  | { readonly kind: 'no-os-release' }
  | { readonly kind: 'skeleton'; readonly why: string }
  /** The host's mount is not shared: what is mounted below it later does not show up inside. */
  | { readonly kind: 'not-live'; readonly share: string };

export interface CheckedTree {
  readonly findings: readonly Finding[];
  /** PRETTY_NAME of os-release(5). */
  readonly system: string | null;
}

export const isFault = (finding: Finding): boolean =>
  finding.kind === 'diagnostic' || finding.kind === 'writable';

/** PRETTY_NAME, or else ID, of an os-release(5) text. */
export function parseSystem(text: string): string | null {
  for (const name of ['PRETTY_NAME', 'ID']) {
    const value = new RegExp(`^${name}=(.*)$`, 'm').exec(text)?.[1];
    if (value !== undefined) return value.trim().replace(/^(["'])(.*)\1$/, '$2');
  }
  return null;
}

export function systemOf(directory: string): string | null {
  for (const file of ['/etc/os-release', '/usr/lib/os-release']) {
    try {
      return parseSystem(readFileSync(directory + file, 'utf8')) ?? '?';
    } catch {
      // The next place.
    }
  }
  return null;
}

function ownership(path: string): readonly Finding[] {
  try {
    const { uid, mode } = statSync(path);
    const open = (mode & 0o022) !== 0;
    return uid !== 0 || open ? [{ kind: 'writable', path, uid, mode: mode & 0o7777 }] : [];
  } catch {
    return [];
  }
}

export function checkTree(tree: RegisteredTree): CheckedTree {
  const faults = faultsOf(tree, '').map((diagnostic): Finding => ({ kind: 'diagnostic', diagnostic }));
  const system = systemOf(tree.path);
  const mounts = parseMountFacts(readFileSync('/proc/self/mountinfo', 'utf8'));
  const points = [...HOST_VIEW, ...tree.shares.map(share => share.path)];
  const root = planRoot(treeView(tree.path), points, tree.readonly);
  return {
    system,
    findings: [
      ...faults,
      ...ownership(tree.path),
      ...(system === null ? [{ kind: 'no-os-release' } as const] : []),
      ...(root.kind === 'skeleton' && faults.length === 0
        ? [{ kind: 'skeleton', why: root.why } as const]
        : []),
      ...tree.shares
        .filter(share => (mountOf(share.path, mounts)?.peerGroup ?? 0) === 0)
        .map(share => ({ kind: 'not-live', share: share.path }) as const),
    ],
  };
}
