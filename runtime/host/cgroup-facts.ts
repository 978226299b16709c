/** Which cgroup hierarchies are mounted where, and where the runtime itself is in them. */
import type { CgroupFacts, CgroupHierarchy } from '../../spec/host-facts.js';
import { type CgroupLine, type CgroupMount, parseCgroupLines, parseCgroupMounts } from './facts-text.js';
import type { Look, Looks } from './looks.js';

/** linux/magic.h */
const CGROUP_MAGIC = 0x27e0eb;
const CGROUP2_MAGIC = 0x63677270;

export const CGROUP_ROOT = '/sys/fs/cgroup';

/** What is looked at, so that a test can put another machine in its place. */
export interface CgroupSources {
  readonly magicOf: (path: string) => number | null;
  readonly read: (path: string) => string | null;
  /** Of the machine that `read` reads of. */
  readonly places?: Places;
}

/** As PlaceMemory keeps them. */
export interface Places {
  find(lines: string, make: () => readonly Found[]): readonly Found[];
}

/** The mount and own directory of one line of /proc/self/cgroup; null if its hierarchy is not mounted. */
type Found = { readonly mount: string; readonly own: string } | null;
type Place = (line: CgroupLine) => Found;

/** Lines of v1, of which each takes a statfs(2): with fewer it is not worth while to read mountinfo in their place. */
const FEW = 3;
/** Letters of a mountinfo that takes longer to read. */
const LONG = 16 * 1024;

/**
 * Where the hierarchies of a caller are, as long as its lines and the mounts are the same as the last time. A process that is asked once, as a cold compiler is, reads
 * nothing for it.
 */
export class PlaceMemory {
  #asked = 0;
  #last: {
    readonly lines: string;
    readonly mounts: string;
    readonly all: readonly Found[];
    readonly looks: readonly Look[];
  } | null = null;

  /** `looks`: what `make` looks at, and what is found without it was made of. */
  find(
    lines: string,
    read: CgroupSources['read'],
    looks: Looks,
    make: () => readonly Found[],
  ): readonly Found[] {
    if (this.#asked++ <= 0) return make();
    const mounts = read('/proc/self/mountinfo');
    if (mounts === null) return make();
    if (mounts.length > LONG) {
      // Nor will it be short the next time.
      this.#asked = Number.NEGATIVE_INFINITY;
      return make();
    }
    if (this.#last?.lines === lines && this.#last.mounts === mounts) {
      looks.again(this.#last.looks);
      return this.#last.all;
    }
    const before = looks.length;
    const all = make();
    // A link on the way can change, and mounts have changed meanwhile: neither is seen by the text.
    const places = new Set(parseCgroupMounts(mounts).map(({ mount }) => mount));
    const holds =
      all.every(found => found === null || places.has(found.mount)) &&
      read('/proc/self/mountinfo') === mounts;
    this.#last = holds ? { lines, mounts, all, looks: looks.since(before) } : null;
    return all;
  }
}

/**
 * Where every distribution mounts it. Asking for the file system of the own directory proves three things at once: mounted, of the
 * right kind, and the path is relative to this mount (in a container without a cgroup namespace it is not).
 */
function usualPlace(sources: CgroupSources): Place {
  return line => {
    const name = line.controllers.join(',').replace(/^name=/, '');
    const mounts =
      line.hierarchy === 0 ? [CGROUP_ROOT, `${CGROUP_ROOT}/unified`] : [`${CGROUP_ROOT}/${name}`];
    const magic = line.hierarchy === 0 ? CGROUP2_MAGIC : CGROUP_MAGIC;
    const mount = mounts.find(path => sources.magicOf(`${path}${line.path}`) === magic);
    return mount === undefined ? null : { mount, own: line.path };
  };
}

function holds(mount: CgroupMount, line: CgroupLine): boolean {
  if (line.hierarchy === 0) return mount.type === 'cgroup2';
  return mount.type === 'cgroup' && line.controllers.every(name => mount.options.includes(name));
}

/** The slow way: by mountinfo. */
function mountedPlace(mounts: readonly CgroupMount[]): Place {
  return line => {
    for (const candidate of mounts) {
      if (!holds(candidate, line)) continue;
      const root = candidate.root === '/' ? '' : candidate.root;
      if (line.path === root) return { mount: candidate.mount, own: '/' };
      if (line.path.startsWith(`${root}/`))
        return { mount: candidate.mount, own: line.path.slice(root.length) };
    }
    return null;
  };
}

function placesOf(lines: readonly CgroupLine[], sources: CgroupSources): readonly Found[] {
  const usual = usualPlace(sources);
  let slow: Place | null = null;
  return lines.map(line => {
    const place = usual(line);
    if (place !== null) return place;
    slow ??= mountedPlace(parseCgroupMounts(sources.read('/proc/self/mountinfo') ?? ''));
    return slow(line);
  });
}

export function probeCgroups(sources: CgroupSources): CgroupFacts {
  const text = sources.read('/proc/self/cgroup') ?? '';
  const lines = parseCgroupLines(text);
  const make = (): readonly Found[] => placesOf(lines, sources);
  const places =
    sources.places === undefined || lines.length <= FEW ? make() : sources.places.find(text, make);
  const v1: CgroupHierarchy[] = [];
  let unified: CgroupHierarchy | null = null;
  for (const [i, line] of lines.entries()) {
    const place = places[i] ?? null;
    if (place === null) continue;
    if (line.hierarchy === 0) {
      const listed = sources.read(`${place.mount}/cgroup.controllers`) ?? '';
      unified = { ...place, controllers: listed.split(/\s+/).filter(name => name !== '') };
    } else v1.push({ ...place, controllers: line.controllers });
  }
  if (unified === null) return v1.length === 0 ? { layout: 'none' } : { layout: 'v1', hierarchies: v1 };
  if (v1.length === 0) return { layout: 'v2', unified };
  return { layout: 'hybrid', hierarchies: v1, unified };
}
