/** A launch for which no group is made, because it is to be so or because the host has none. A limit that takes something away could not be kept. */
import type { CgroupDriverName } from '../../../spec/cgroup-drivers.js';
import type { Action } from '../../program/action.js';
import type { Launch } from '../launch/launch.js';
import type { Refuse } from '../launch/refusal.js';
import { directoryGroups } from './directory-groups.js';
import { type AskedResources, askedAtCreate, type NewGroups } from './driver.js';
import { birthAnywhere } from './enter.js';
import { isUnlimited, limitsV1, limitsV2 } from './limits.js';
import { planOfCaller } from './plan.js';

/** None can be set. */
export function withoutLimits(
  launch: Launch,
  manager: CgroupDriverName,
  { resources, because }: AskedResources,
  refuse: Refuse,
): readonly Action[] {
  const [one, two] = [limitsV1(resources), limitsV2(resources)];
  const { withheld } = launch.facts;
  const asked = new Map(
    [...one.limits, ...two.limits]
      .filter(l => !isUnlimited(l))
      .map(l => [String(l.property[0]), l.controller]),
  );
  for (const [property, controller] of asked)
    refuse(
      because(property),
      manager !== 'disabled' && withheld?.controllers.includes(controller)
        ? { kind: 'not-delegated', property, controller }
        : { kind: 'no-cgroups', property },
    );
  return [];
}

export function withoutGroups(launch: Launch, manager: CgroupDriverName, refuse: Refuse): NewGroups {
  const { withheld } = launch.facts;
  const limit = withoutLimits(launch, manager, askedAtCreate(launch), refuse);
  return {
    ...directoryGroups(launch, manager, { directories: [], formats: [] }),
    // The container stays where its caller is, and sees that.
    shown: manager === 'disabled' || withheld === null ? [] : planOfCaller(withheld.all),
    check: [],
    make: [],
    limit,
    birth: birthAnywhere,
    letGo: [],
    adopt: () => [],
    adoptMaker: () => ({ adopt: [], limit }),
    enter: [],
  };
}
