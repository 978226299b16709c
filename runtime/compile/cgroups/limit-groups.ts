/** linux.resources, written into the directories that are there (host track, before init). */
import type { NormalResources } from '../../../spec/normal-resources.js';
import type { Action } from '../../program/action.js';
import { text } from '../../program/operand.js';
import type { Line } from '../../program/step.js';
import { operation } from '../idioms/operation.js';
import { type Launch, rule } from '../launch/launch.js';
import type { Refuse } from '../launch/refusal.js';
import { allowDevices } from './devices.js';
import type { CgroupDirectory } from './driver.js';
import { isUnlimited, type Limit, type Limits, limitsV1, limitsV2 } from './limits.js';
import { type CgroupPlan, directoryOf, shownPath } from './plan.js';
import { writeEither, writeFile } from './write-file.js';

/** v2: a controller works in a cgroup only if each ancestor passes it on. */
function enableControllers(
  launch: Launch,
  d: CgroupDirectory,
  controllers: readonly string[],
): readonly Line[] {
  const lines: Line[] = [];
  const above = d.endsInId ? d.components : d.components.slice(0, -1);
  for (let i = 0; i <= above.length; i++) {
    const path = [d.hierarchy.mount, ...above.slice(0, i)].join('/');
    lines.push(
      ...writeFile(launch, text(path), 'cgroup.subtree_control', controllers.map(c => `+${c}`).join(' ')),
    );
  }
  return lines;
}

/** v1 and hybrid: a controller that only the v2 hierarchy has takes v2 files. */
function limitsOfBoth(plan: CgroupPlan, resources: NormalResources): Limits {
  const [one, two] = [limitsV1(resources), limitsV2(resources)];
  const isUnified = (l: Limit): boolean => directoryOf(plan, l.controller)?.version === 2;
  const moved = new Set(one.limits.filter(isUnified).map(l => l.property.join('.')));
  return {
    limits: [
      ...one.limits.filter(l => !isUnified(l)),
      ...two.limits.filter(l => isUnified(l) && l.property[0] !== 'unified'),
    ],
    problems: [...one.problems, ...two.problems.filter(p => moved.has(p.property.join('.')))],
  };
}

/** A limit, and where it is written. */
interface PlacedLimit {
  readonly limit: Limit;
  readonly directory: CgroupDirectory;
}

/** The limits that config.json asks for; what cannot be kept is refused. */
function placeLimits(launch: Launch, plan: CgroupPlan, refuse: Refuse): readonly PlacedLimit[] {
  const { resources } = launch.config.linux;
  const onlyV2 = plan.directories.every(d => d.version === 2);
  const found = onlyV2 ? limitsV2(resources) : limitsOfBoth(plan, resources);
  const because = (property: Limit['property']) => launch.because('linux', 'resources', ...property);
  for (const { property, why } of found.problems)
    refuse(because(property), { kind: why, property: property.join('.') });
  return found.limits.flatMap(limit => {
    const { controller, property } = limit;
    const isUnified = property[0] === 'unified';
    const directory =
      directoryOf(plan, controller) ??
      (isUnified ? plan.directories.find(({ version }) => version === 2) : undefined);
    const has =
      directory && (!isEnabled(limit, directory) || directory.hierarchy.controllers.includes(controller));
    if (has) return [{ limit, directory }];
    if (!isUnlimited(limit) || isUnified)
      refuse(because(property), { kind: 'no-controller', controller, layout: launch.facts.cgroup.layout });
    return [];
  });
}

/** Its controller has to be passed on from above: that of `cgroup.*` is every group's. */
function isEnabled({ controller }: Limit, { version }: CgroupDirectory): boolean {
  return version === 2 && controller !== 'cgroup';
}

function enableAll(launch: Launch, limits: readonly PlacedLimit[]): readonly Action[] {
  const needed = new Map<CgroupDirectory, Set<string>>();
  for (const { limit, directory } of limits)
    if (isEnabled(limit, directory))
      needed.set(directory, (needed.get(directory) ?? new Set()).add(limit.controller));
  return [...needed].map(([directory, controllers]) =>
    operation(
      {
        kind: 'enable-controllers',
        path: shownPath(directory),
        controllers: [...controllers],
        because: rule('cgroup v2 controllers'),
      },
      enableControllers(launch, directory, [...controllers]),
    ),
  );
}

export function limitGroups(launch: Launch, plan: CgroupPlan, refuse: Refuse): readonly Action[] {
  const limits = placeLimits(launch, plan, refuse);
  return [
    ...enableAll(launch, limits),
    ...limits.map(({ limit, directory }) =>
      operation(
        {
          kind: 'limit',
          path: shownPath(directory),
          file: limit.file,
          value: limit.value,
          ...(limit.rather ? { rather: limit.rather.file, ratherValue: limit.rather.value } : {}),
          because: launch.because('linux', 'resources', ...limit.property),
        },
        writeEither(launch, directory.memory, limit),
      ),
    ),
    ...allowDevices(launch, plan),
  ];
}
