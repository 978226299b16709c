/**
 * What can be done with groups by their directories, whoever made them: a driver that makes and removes them in a way of its own takes the rest from here.
 */
import type { CgroupDriverName } from '../../../spec/cgroup-drivers.js';
import type { Launch } from '../launch/launch.js';
import type { Groups } from './driver.js';
import { freeze, freezersOf, frostSensor, thaw, thawAll, untilFrozen } from './freezer.js';
import { killAll, signalAll } from './kill-all.js';
import { frostOfProcess } from './of-process.js';
import { whyKilled } from './out-of-memory.js';
import type { CgroupPlan } from './plan.js';
import { removeGroups, removeUntaken } from './remove.js';
import { seeTaken } from './take.js';

export function directoryGroups(launch: Launch, manager: CgroupDriverName, plan: CgroupPlan): Groups {
  const { open, facts } = launch;
  const { directories } = plan;
  const freezers = freezersOf(plan);
  const frost = frostSensor(open, freezers);
  const killing = directories.length === 0 ? null : killAll(open, plan, frost);
  return {
    record: { manager, directories: directories.map(({ path }) => path) },
    directories,
    name: plan.formats,
    frost,
    frostOf: pid => frostOfProcess(open, facts.cgroup, pid),
    freeze: otherwise => freeze(open, freezers, otherwise),
    untilFrozen: milliseconds => untilFrozen(frost, milliseconds),
    thaw: () => thaw(open, freezers),
    thawAll: () => thawAll(freezers),
    signal: (signal, sent) => signalAll(plan, signal, sent),
    killAll: killing,
    whyKilled: whyKilled(launch, plan),
    seeTaken: (stateDir, untaken) => (directories.length === 0 ? [] : seeTaken(stateDir, untaken)),
    remove: () => removeGroups(launch, plan, killing),
    removeUntaken: () => removeUntaken(plan),
  };
}
