/** The directories are made, limited and removed by the runtime itself, in the file system of the cgroups. */
import { slot } from '../../program/operand.js';
import { sys } from '../../program/step.js';
import { checkGroups } from './check.js';
import { directoryGroups } from './directory-groups.js';
import { askedAtCreate, type CgroupDriver } from './driver.js';
import { birthIn, enterDirectories } from './enter.js';
import { giveGroups } from './give.js';
import { joinGroups } from './join.js';
import { limitGroups } from './limit-groups.js';
import { makeGroups } from './make.js';
import { planAt, planCgroups } from './plan.js';
import { updateGroups } from './update-groups.js';
import { withoutGroups } from './without-groups.js';

export const cgroupfs: CgroupDriver = {
  create: (launch, refuse) => {
    const { facts, config, cells } = launch;
    const plan = planCgroups(facts.cgroup, config.linux.cgroupsPath, cells.id);
    if (plan.directories.length === 0) return withoutGroups(launch, 'cgroupfs', refuse);
    const groups = directoryGroups(launch, 'cgroupfs', plan);
    const limit = [...limitGroups(launch, plan, askedAtCreate(launch), refuse), ...giveGroups(launch, plan)];
    const tenure = { lock: slot('cgroup_lock', -1), taken: slot('cgroup_taken') };
    return {
      ...groups,
      check: checkGroups(launch, plan, groups.frost, refuse),
      make: makeGroups(launch, plan, groups, tenure),
      limit,
      birth: birthIn(launch, plan),
      // Whoever is in the cgroup keeps others out of it; the lock is the host's.
      letGo: [sys('close', [tenure.lock])],
      adopt: () => [],
      adoptMaker: () => ({ adopt: [], limit }),
      enter: enterDirectories(launch, plan),
    };
  },
  find: (launch, { id }, directories) => {
    const { facts, config } = launch;
    const plan =
      directories === undefined
        ? planCgroups(facts.cgroup, config.linux.cgroupsPath, id)
        : planAt(directories, facts.cgroup);
    return directoryGroups(launch, 'cgroupfs', plan);
  },
  join: joinGroups,
  update: (launch, { directories, asked }, refuse) =>
    updateGroups(launch, planAt(directories, launch.facts.cgroup), asked, refuse),
};
