/**
 * The unit of a container: what linux.cgroupsPath, as SLICE:PREFIX:NAME, and the id make of it (systemd.unit(5), systemd.scope(5), systemd.slice(5)).
 */

import { UNIT_NAME_LETTERS, UNIT_NAME_LIMIT } from '../../../../spec/systemd.js';
import type { UnitFault } from '../../launch/refusal.js';

export interface UnitName {
  /** Of the unit: what stands before the id, and behind it. Without the id all of it is in `before`. */
  readonly before: string;
  readonly hasId: boolean;
  readonly after: string;
  readonly slice: string;
  /** Directories of the slice, each below the one before; none for the root slice. */
  readonly sliceDirectories: readonly string[];
}

export type Named =
  | { readonly kind: 'unit'; readonly unit: UnitName }
  | { readonly kind: 'fault'; readonly fault: UnitFault };

const OWN_PREFIX = 'chos-runtime';
const SCOPE = '.scope';
const SLICE = '.slice';

const fault = (of: UnitFault): Named => ({ kind: 'fault', fault: of });

/** What no unit name may hold becomes \xNN, as systemd-escape(1) writes it. */
export function escapeUnit(text: string): string {
  const plain = new RegExp(`^[${UNIT_NAME_LETTERS}]$`);
  return [...Buffer.from(text, 'utf8')]
    .map(byte => {
      const letter = String.fromCharCode(byte);
      return plain.test(letter) ? letter : `\\x${byte.toString(16).padStart(2, '0')}`;
    })
    .join('');
}

/** `a-b.slice` is below `a.slice` (systemd.slice(5)). Null: no name of a slice. */
export function sliceDirectories(slice: string): readonly string[] | null {
  if (slice === '-.slice') return [];
  const stem = slice.endsWith(SLICE) ? slice.slice(0, -SLICE.length) : '';
  const parts = stem.split('-');
  if (!new RegExp(`^[${UNIT_NAME_LETTERS}]+$`).test(stem) || parts.includes('')) return null;
  return parts.map((_, i) => directoryOf(`${parts.slice(0, i + 1).join('-')}${SLICE}`));
}

const reserved = ['notify_on_release', 'release_agent', 'tasks'];
const controllers =
  'cpu|cpuacct|cpuset|io|blkio|memory|devices|pids|hugetlb|rdma|misc|freezer|net_cls|net_prio|perf_event';

/** The directory of a unit: what could be taken for a file of the kernel's gets an underscore in front. */
export function directoryOf(unit: string): string {
  const confusing =
    /^[_.]/.test(unit) ||
    unit.startsWith('cgroup.') ||
    reserved.includes(unit) ||
    new RegExp(`^(${controllers})\\.`).test(unit);
  return confusing ? `_${unit}` : unit;
}

export function nameUnit(cgroupsPath: string | null, scope: 'system' | 'user'): Named {
  const parts = cgroupsPath === null || cgroupsPath === '' ? ['', OWN_PREFIX, ''] : cgroupsPath.split(':');
  if (parts.length !== 3) return fault({ kind: 'parts' });
  const [slice, prefix, name] = parts as [string, string, string];
  if (name.endsWith(SLICE)) return fault({ kind: 'name-is-slice', name });
  const chosen = slice !== '' ? slice : `${scope}${SLICE}`;
  const directories = sliceDirectories(chosen);
  if (directories === null) return fault({ kind: 'slice', slice: chosen });
  const hasId = name === '';
  const stem = prefix === '' && hasId ? OWN_PREFIX : prefix;
  const before = `${escapeUnit(stem)}${stem === '' ? '' : '-'}${escapeUnit(name)}`;
  const unit = { before: hasId ? before : `${before}${SCOPE}`, hasId, after: hasId ? SCOPE : '' };
  if (unit.before.length + unit.after.length > UNIT_NAME_LIMIT) return fault({ kind: 'too-long', name });
  return { kind: 'unit', unit: { ...unit, slice: chosen, sliceDirectories: directories } };
}

/** How `explain` shows it. */
export const shownUnit = ({ before, hasId, after }: UnitName): string =>
  `${before}${hasId ? 'ID' : ''}${after}`;
