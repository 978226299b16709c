/**
 * Where the container's cgroup is in each hierarchy (config-linux.md "Cgroups Path").
 */

import { cgroupComponents, splitPath } from '../../../spec/cgroup-place.js';
import type { CgroupFacts, CgroupHierarchy } from '../../../spec/host-facts.js';
import { TemplateField } from '../../../spec/instructions.js';
import { buffer, field, type Slot, type Template, templateBound, text } from '../../program/operand.js';
import { format, type Line } from '../../program/step.js';
import type { CgroupDirectory } from './driver.js';

export interface CgroupPlan {
  readonly directories: readonly CgroupDirectory[];
  /** Steps that fill in the paths which hold the container id. */
  readonly formats: readonly Line[];
}

export function hierarchies(facts: CgroupFacts): readonly (readonly [CgroupHierarchy, 1 | 2])[] {
  switch (facts.layout) {
    case 'none':
      return [];
    case 'v2':
      return [[facts.unified, 2]];
    case 'v1':
      return facts.hierarchies.map(h => [h, 1] as const);
    case 'hybrid':
      return [...facts.hierarchies.map(h => [h, 1] as const), [facts.unified, 2] as const];
  }
}

export function planCgroups(facts: CgroupFacts, cgroupsPath: string | null, id: Slot): CgroupPlan {
  const endsInId = cgroupsPath === null || cgroupsPath === '';
  const directories = hierarchies(facts).map(([hierarchy, version]): CgroupDirectory => {
    const components = cgroupComponents(hierarchy, version, cgroupsPath);
    const base = [hierarchy.mount, ...components].join('/');
    const path: Template = endsInId ? [`${base}/`, field(TemplateField.STRING, id)] : [base];
    return {
      hierarchy,
      version,
      components,
      endsInId,
      path,
      memory: endsInId ? buffer('cgroup_path', templateBound(path)) : text(base),
      pathOf: known => (endsInId ? `${base}/${known}` : base),
    };
  });
  return {
    directories,
    formats: endsInId ? directories.map(d => format(d.memory, d.path)) : [],
  };
}

/** One whose path has nothing open in it. */
export const placedAt = (path: string): Pick<CgroupDirectory, 'endsInId' | 'path' | 'memory' | 'pathOf'> => ({
  endsInId: false,
  path: [path],
  memory: text(path),
  pathOf: () => path,
});

/** Where the caller itself is. */
export function planOfCaller(facts: CgroupFacts): readonly CgroupDirectory[] {
  return hierarchies(facts).map(([hierarchy, version]): CgroupDirectory => {
    const components = splitPath(hierarchy.own);
    const path = [hierarchy.mount, ...components].join('/');
    return { hierarchy, version, components, ...placedAt(path) };
  });
}

/** The plan of a container that has its directories, absolute ones, already. */
export function planAt(paths: readonly string[], facts: CgroupFacts): CgroupPlan {
  const known = hierarchies(facts);
  const directories = paths.map((path): CgroupDirectory => {
    const [best] = known
      .filter(([{ mount }]) => path.startsWith(`${mount}/`))
      .sort(([one], [other]) => other.mount.length - one.mount.length);
    const [hierarchy, version] = best ?? [{ mount: path, own: '/', controllers: [] }, 2];
    const components = splitPath(path.slice(hierarchy.mount.length));
    return { hierarchy, version, components, ...placedAt(path) };
  });
  return { directories, formats: [] };
}

/** The v1 directory that holds a controller, or the v2 one if that has it. */
export function directoryOf(plan: CgroupPlan, controller: string): CgroupDirectory | undefined {
  return plan.directories.find(d => d.hierarchy.controllers.includes(controller));
}

/** The one by which the processes of the container are found, to signal them all. */
export function cgroupOfProcesses(plan: CgroupPlan): CgroupDirectory | undefined {
  return directoryOf(plan, 'pids') ?? plan.directories[0];
}

/** All by which they are found: on a hybrid host a process may have left one of the two. */
export function listedGroups(plan: CgroupPlan): readonly CgroupDirectory[] {
  const first = cgroupOfProcesses(plan);
  return [...(first ? [first] : []), ...plan.directories.filter(d => d.version === 2 && d !== first)];
}

/** How explain names a directory. */
export function shownPath(d: CgroupDirectory): string {
  return d.path.map(p => (typeof p === 'string' ? p : 'ID')).join('');
}
