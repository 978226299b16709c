/** Maps between the ids of a user namespace and those of its parent (user_namespaces(7)). */
import { type ContainerId, type HostId, hostId } from './ids.js';
import type { NormalIdMapping } from './normal-mount.js';

/** Lines of one map: UID_GID_MAP_MAX_EXTENTS of linux/user_namespace.h, since Linux 4.15. */
export const MAPPINGS_MOST = 340;

/** What map_write() of kernel/user_namespace.c takes: less than the smallest page. */
export const MAP_TEXT_MOST = 4095;

/** One above the greatest id that a map may hold: the kernel keeps 2^32 - 1 for "none". */
export const MAPPED_END = 0xffff_ffff;

export interface Range {
  readonly first: number;
  readonly size: number;
}

export const overlap = (one: Range, other: Range): boolean =>
  one.first < other.first + other.size && other.first < one.first + one.size;

/** The id that the host sees; null for one that has none there. */
export function hostIdOf(mappings: readonly NormalIdMapping[], id: ContainerId): HostId | null {
  for (const { container, host, size } of mappings)
    if (id >= container && id < container + size) return hostId(host + (id - container));
  return null;
}

/** The three numbers of a line: id inside, id outside, how many. */
export function mapWords({ container, host, size }: NormalIdMapping): readonly string[] {
  return [container, host, size].map(String);
}

/** What is written into /proc/PID/uid_map or gid_map, in one write(2). */
export function mapText(mappings: readonly NormalIdMapping[]): string {
  return mappings.map(mapping => `${mapWords(mapping).join(' ')}\n`).join('');
}

export type MapProperty = 'uidMappings' | 'gidMappings';

/** Who writes a map for others than root: newuidmap(1) and newgidmap(1), with the pid of a process in the namespace and the numbers of each line as arguments. */
export const MAP_HELPERS: Readonly<Record<MapProperty, string>> = {
  uidMappings: '/usr/bin/newuidmap',
  gidMappings: '/usr/bin/newgidmap',
};

/** What they allow a user: subuid(5), subgid(5). */
export const MAP_RANGES: Readonly<Record<MapProperty, string>> = {
  uidMappings: '/etc/subuid',
  gidMappings: '/etc/subgid',
};
