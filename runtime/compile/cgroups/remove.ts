/** Removing the container's groups: nothing goes as long as a process is in it. */
import { errnos } from '../../../spec/errno.js';
import { AT_FDCWD } from '../../../spec/kernel.js';
import { ignoring } from '../../program/control.js';
import { call, guard, type Line, walk } from '../../program/step.js';
import type { Launch } from '../launch/launch.js';
import type { KillAll } from './driver.js';
import type { CgroupPlan } from './plan.js';

/** Between two attempts to remove a cgroup whose last process is being buried; milliseconds. */
const LONGEST_PAUSE = 32;

/** With a pid namespace of its own all processes have ended with init. `letGo`: what is done with those that are empty, before they go. */
export function removeGroups(
  launch: Launch,
  plan: CgroupPlan,
  killAll: KillAll | null,
  letGo: readonly Line[] = [],
): readonly Line[] {
  const ownPids = launch.namespaces.get('pid') === 'new';
  return [
    ...(ownPids || killAll === null
      ? []
      : [call(killAll.kill), guard(killAll.left, 'EQ', 0, errnos.EBUSY.number)]),
    ...letGo,
    ...plan.directories.map(d => walk('REMOVE_CGROUP', [AT_FDCWD, d.memory, LONGEST_PAUSE, 10_000])),
  ];
}

/** Those of a launch that was killed before it had taken them: what is empty is its own or nobody's, in the others is somebody else. */
export function removeUntaken({ directories }: CgroupPlan): readonly Line[] {
  return directories.flatMap(d =>
    ignoring(['EBUSY'], used => [walk('REMOVE_CGROUP', [AT_FDCWD, d.memory, 0, 0], used)]),
  );
}
