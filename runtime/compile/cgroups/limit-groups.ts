/** Limits and rules for devices, written into the directories that are there. */
import type { HostFacts } from '../../../spec/host-facts.js';
import type { NormalResources } from '../../../spec/normal-resources.js';
import type { Action } from '../../program/action.js';
import { text } from '../../program/operand.js';
import type { Line } from '../../program/step.js';
import { operation } from '../idioms/operation.js';
import { type Launch, rule } from '../launch/launch.js';
import type { RefusalReason, Refuse } from '../launch/refusal.js';
import { allowDevices } from './devices.js';
import type { AskedResources, CgroupDirectory } from './driver.js';
import { isUnlimited, type Limit, type Limits, limitsV1, limitsV2 } from './limits.js';
import { type CgroupPlan, directoryOf, shownPath } from './plan.js';
import { writeEither, writeFile } from './write-file.js';

/** v2: a controller works in a cgroup only if each ancestor passes it on. */
export function enableControllers(
  launch: Launch,
  d: CgroupDirectory,
  controllers: readonly string[],
): readonly Line[] {
  const lines: Line[] = [];
  const above = d.endsInId ? d.components : d.components.slice(0, -1);
  // Above what is the caller's others have passed it on, or nobody can.
  const first = d.hierarchy.from?.split('/').filter(name => name !== '').length ?? 0;
  for (let i = first; i <= above.length; i++) {
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
export interface PlacedLimit {
  readonly limit: Limit;
  readonly directory: CgroupDirectory;
}

/** The limits that are asked for; what cannot be kept is refused. */
export function placeLimits(
  { facts }: Launch,
  plan: CgroupPlan,
  { resources, because }: AskedResources,
  refuse: Refuse,
): readonly PlacedLimit[] {
  const onlyV2 = plan.directories.every(d => d.version === 2);
  const found = onlyV2 ? limitsV2(resources) : limitsOfBoth(plan, resources);
  for (const { property, why } of found.problems)
    refuse(because(...property), { kind: why, property: property.join('.') });
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
      refuse(because(...property), whyWithout(facts, controller, property.join('.')));
    return [];
  });
}

export function whyWithout(
  { withheld, cgroup: { layout } }: HostFacts,
  controller: string,
  property: string,
): RefusalReason {
  if (withheld?.controllers.includes(controller)) return { kind: 'not-delegated', property, controller };
  return { kind: 'no-controller', controller, layout };
}

/** Its controller has to be passed on from above: that of `cgroup.*` is every group's. */
function isEnabled({ controller }: Limit, { version }: CgroupDirectory): boolean {
  return version === 2 && controller !== 'cgroup';
}

/** The controllers of v2 that limits need, by directory. */
export function neededControllers(
  limits: readonly PlacedLimit[],
): ReadonlyMap<CgroupDirectory, ReadonlySet<string>> {
  const needed = new Map<CgroupDirectory, Set<string>>();
  for (const { limit, directory } of limits)
    if (isEnabled(limit, directory))
      needed.set(directory, (needed.get(directory) ?? new Set()).add(limit.controller));
  return needed;
}

function enableAll(launch: Launch, limits: readonly PlacedLimit[]): readonly Action[] {
  return [...neededControllers(limits)].map(([directory, controllers]) =>
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

/** Of a new container (host track, before init). */
export function limitGroups(
  launch: Launch,
  plan: CgroupPlan,
  asked: AskedResources,
  refuse: Refuse,
): readonly Action[] {
  const limits = placeLimits(launch, plan, asked, refuse);
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
          because: asked.because(...limit.property),
        },
        writeEither(launch, directory.memory, limit),
      ),
    ),
    ...allowDevices(launch, plan, asked),
  ];
}
