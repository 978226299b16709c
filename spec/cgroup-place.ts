/** Where the cgroup of a container is (config-linux.md "Cgroups Path"): what makes it has to know, and what looks whether the caller may. */
import type { CgroupHierarchy } from './host-facts.js';

export const splitPath = (path: string): readonly string[] =>
  path.split('/').filter(p => p !== '' && p !== '.');

/**
 * An absolute path counts from the hierarchy's mount, a relative one from the runtime's own cgroup. Without a path: a child of the
 * runtime's own cgroup, on v2 a sibling, because a v2 cgroup with processes can have no children with controllers.
 */
export function cgroupComponents(
  h: CgroupHierarchy,
  version: 1 | 2,
  given: string | null,
): readonly string[] {
  if (given?.startsWith('/')) return splitPath(given);
  const own = splitPath(h.own);
  if (given !== null && given !== '') return [...own, ...splitPath(given)];
  return version === 2 ? own.slice(0, -1) : own;
}

/** The group in which that of a container is made, or it itself if it is given: absolute. */
export function placeOfGroup(h: CgroupHierarchy, version: 1 | 2, given: string | null): string {
  const components = cgroupComponents(h, version, given);
  return [h.mount, ...(given === null || given === '' ? components : components.slice(0, -1))].join('/');
}
