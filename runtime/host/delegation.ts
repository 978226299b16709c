/** Of whom root of the host is not: in which hierarchies of cgroups the caller may make the container's group, because its own part was handed to it. */
import { constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { placeOfGroup } from '../../spec/cgroup-place.js';
import type { CgroupFacts, CgroupHierarchy, HostFacts } from '../../spec/host-facts.js';
import { Looks } from './looks.js';
import { may } from './may.js';
import { readProc } from './read-proc.js';

/** What is looked at, so that a test can put another machine in its place. */
export interface DelegationSources {
  readonly exists: (path: string) => boolean;
  readonly writable: (path: string) => boolean;
  /** What is in it can be reached. */
  readonly open: (path: string) => boolean;
  readonly read: (path: string) => string | null;
}

/** This machine; `looks` is told of all that is asked. */
export function delegationOf(looks: Looks): DelegationSources {
  const allowed =
    (mode: number): ((path: string) => boolean) =>
    path => {
      const allows = mode === constants.F_OK ? existsSync(path) : may(path, mode);
      looks.access(path, mode, allows);
      return allows;
    };
  return {
    exists: allowed(constants.F_OK),
    writable: allowed(constants.W_OK),
    open: allowed(constants.R_OK | constants.X_OK),
    read: path => {
      const text = readProc(path);
      looks.text(path, text);
      return text;
    },
  };
}

/** The hierarchy as the caller may use it, from the topmost group on that is the caller's; null: not at all. */
function usable(
  sources: DelegationSources,
  hierarchy: CgroupHierarchy,
  version: 1 | 2,
  cgroupsPath: string | null,
): CgroupHierarchy | null {
  const { mount } = hierarchy;
  let place = placeOfGroup(hierarchy, version, cgroupsPath);
  while (place.startsWith(`${mount}/`) && !sources.exists(place)) place = dirname(place);
  const ours = (path: string): boolean =>
    sources.writable(path) && sources.writable(`${path}/${version === 1 ? 'tasks' : 'cgroup.procs'}`);
  if (!ours(place)) return null;
  const listed = version === 1 ? null : sources.read(`${place}/cgroup.controllers`);
  const controllers =
    listed === null ? hierarchy.controllers : listed.split(/\s+/).filter(name => name !== '');
  while (place !== mount && ours(dirname(place))) place = dirname(place);
  return { ...hierarchy, controllers, from: place.slice(mount.length) || '/' };
}

/** Facts for a caller that is not root of the host. */
export function withDelegation(
  facts: HostFacts,
  cgroupsPath: string | null,
  sources: DelegationSources = delegationOf(new Looks()),
): HostFacts {
  const { cgroup } = facts;
  if (cgroup.layout === 'none' || (facts.userNamespace === null && facts.euid === 0)) return facts;
  const withheld: string[] = [];
  const judged = (hierarchy: CgroupHierarchy, version: 1 | 2): readonly CgroupHierarchy[] => {
    const own = usable(sources, hierarchy, version, cgroupsPath);
    withheld.push(...hierarchy.controllers.filter(name => own?.controllers.includes(name) !== true));
    return own === null ? [] : [own];
  };
  const hierarchies = cgroup.layout === 'v2' ? [] : cgroup.hierarchies.flatMap(one => judged(one, 1));
  const [unified] = cgroup.layout === 'v1' ? [] : judged(cgroup.unified, 2);
  return {
    ...facts,
    cgroup: layoutOf(hierarchies, unified),
    withheld: { controllers: withheld, all: reached(cgroup, sources) },
  };
}

/** Those of which the caller may look at its own group. */
function reached(cgroup: CgroupFacts, { open }: DelegationSources): CgroupFacts {
  const sees = ({ mount, own }: CgroupHierarchy): boolean => open(`${mount}${own}`);
  const v1 = cgroup.layout === 'v1' || cgroup.layout === 'hybrid' ? cgroup.hierarchies.filter(sees) : [];
  const unified = cgroup.layout === 'v2' || cgroup.layout === 'hybrid' ? cgroup.unified : undefined;
  return layoutOf(v1, unified !== undefined && sees(unified) ? unified : undefined);
}

function layoutOf(
  hierarchies: readonly CgroupHierarchy[],
  unified: CgroupHierarchy | undefined,
): CgroupFacts {
  if (unified === undefined)
    return hierarchies.length === 0 ? { layout: 'none' } : { layout: 'v1', hierarchies };
  return hierarchies.length === 0 ? { layout: 'v2', unified } : { layout: 'hybrid', hierarchies, unified };
}
