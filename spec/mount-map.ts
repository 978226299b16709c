/** Questions to the mounts of a namespace, of which there may be thousands, and as many that ask. */
import type { MountFact } from './environment.js';

export interface MountMap {
  /** The mount that a path without symlinks leads to, as the kernel walks: what was mounted over it later hides it. */
  at(path: string): MountFact | undefined;
  /** The mounts that can be seen below a path. */
  below(path: string): readonly MountFact[];
  /** All that are mounted below a mount, also those that are hidden. */
  descendants(mount: MountFact): readonly MountFact[];
  byId(id: number): MountFact | undefined;
}

/** The path is the directory, or below it. */
export function isWithin(path: string, directory: string): boolean {
  return directory === '/' || path === directory || path.startsWith(`${directory}/`);
}

/** Null: it has none. Paths are absolute; what is not has none either. */
function parentOf(path: string): string | null {
  const slash = path.lastIndexOf('/');
  return path === '/' || slash < 0 ? null : path.slice(0, Math.max(1, slash));
}

/** Which of some directories a path is in, or is: the deepest. */
export function innermost(path: string, directories: ReadonlySet<string>): string | undefined {
  for (let at: string | null = path; at !== null; at = parentOf(at)) if (directories.has(at)) return at;
  return undefined;
}

/** "/", "/a", "/a/b" of "/a/b"; none of what is not absolute. */
function prefixes(path: string): readonly string[] {
  const parts = path.split('/').slice(1);
  if (!path.startsWith('/')) return [];
  return path === '/' ? ['/'] : ['/', ...parts.map((_, i) => `/${parts.slice(0, i + 1).join('/')}`)];
}

export function mountMap(mounts: readonly MountFact[]): MountMap {
  const ids = new Map(mounts.map(mount => [mount.id, mount]));
  const root = mounts.find(({ id, parent, point }) => point === '/' && (parent === id || !ids.has(parent)));
  // Two mounts on one place are never siblings: the later one stands on the earlier one.
  const children = new Map<number, Map<string, MountFact>>();
  for (const mount of mounts) {
    if (mount.parent === mount.id) continue;
    const known = children.get(mount.parent) ?? new Map<string, MountFact>();
    known.set(mount.point, mount);
    children.set(mount.parent, known);
  }
  const at = (path: string): MountFact | undefined => {
    const steps = prefixes(path);
    let here = steps.length === 0 ? undefined : root;
    for (let next = here; next !== undefined; ) {
      here = next;
      const { point } = here;
      const inside = children.get(here.id);
      next = undefined;
      for (let i = 0; i < steps.length && next === undefined && inside !== undefined; i++)
        if ((steps[i] as string).length >= point.length) next = inside.get(steps[i] as string);
    }
    return here;
  };
  const below = new Map<string, MountFact[]>();
  for (const mount of mounts) {
    if (at(mount.point) !== mount) continue;
    for (let path = parentOf(mount.point); path !== null; path = parentOf(path)) {
      const known = below.get(path);
      if (known === undefined) below.set(path, [mount]);
      else known.push(mount);
    }
  }
  const descendants = ({ id }: MountFact): readonly MountFact[] =>
    [...(children.get(id)?.values() ?? [])].flatMap(child => [child, ...descendants(child)]);
  return { at, below: path => below.get(path) ?? [], descendants, byId: id => ids.get(id) };
}
