/** A launch for which no group is made, because it is to be so or because the host has none. A limit that takes something away could not be kept. */
import type { CgroupDriverName } from '../../../spec/cgroup-drivers.js';
import type { Launch } from '../launch/launch.js';
import type { Refuse } from '../launch/refusal.js';
import { directoryGroups } from './directory-groups.js';
import type { NewGroups } from './driver.js';
import { birthAnywhere } from './enter.js';
import { isUnlimited, limitsV1, limitsV2 } from './limits.js';

export function withoutGroups(launch: Launch, manager: CgroupDriverName, refuse: Refuse): NewGroups {
  const { resources } = launch.config.linux;
  const [one, two] = [limitsV1(resources), limitsV2(resources)];
  const asked = new Set(
    [...one.limits, ...two.limits].filter(l => !isUnlimited(l)).map(({ property }) => String(property[0])),
  );
  for (const key of asked)
    refuse(launch.because('linux', 'resources', key), { kind: 'no-cgroups', property: key });
  return {
    ...directoryGroups(launch, manager, { directories: [], formats: [] }),
    check: [],
    make: [],
    limit: [],
    birth: birthAnywhere,
    letGo: [],
    adopt: () => [],
    enter: [],
  };
}
