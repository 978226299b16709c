/** No cgroups: the container stays in those of its caller, and nothing but its processes is known of it. */
import { directoryGroups } from './directory-groups.js';
import type { CgroupDriver } from './driver.js';
import { joinGroups } from './join.js';
import { planAt } from './plan.js';
import { withoutGroups, withoutLimits } from './without-groups.js';

export const disabled: CgroupDriver = {
  create: (launch, refuse) => withoutGroups(launch, 'disabled', refuse),
  find: (launch, _id, directories = []) =>
    directoryGroups(launch, 'disabled', planAt(directories, launch.facts.cgroup)),
  join: joinGroups,
  update: (launch, { asked }, refuse) => withoutLimits(launch, 'disabled', asked, refuse),
};
