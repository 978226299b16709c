/** Making the container's directories (host track). */
import { errnos } from '../../../spec/errno.js';
import { AT_FDCWD } from '../../../spec/kernel.js';
import { type Action, action } from '../../program/action.js';
import { label, ref, type Slot, slot, text } from '../../program/operand.js';
import {
  branch,
  call,
  jump,
  type Line,
  move,
  resolve,
  type Subroutine,
  subroutine,
  sys,
} from '../../program/step.js';
import { type Launch, rule } from '../launch/launch.js';
import { hasCpuset, seedCpuset } from './cpuset.js';
import type { CgroupDirectory, Groups } from './driver.js';
import { type CgroupPlan, cgroupOfProcesses, shownPath } from './plan.js';
import { insistThawed, type Tenure, takeCgroup } from './take.js';

/** A directory; those above it only where they are missing. */
function makeDirectory({ open }: Launch, path: Slot): Subroutine {
  const made = label('cgroup_made');
  const deep = label('cgroup_parents');
  const root = slot('cgroup_root');
  const fd = slot('cgroup_fd');
  return subroutine('make_cgroup', [
    sys('mkdirat', [AT_FDCWD, ref(path), 0o755], { to: fd, on: [['ENOENT', 'EEXIST'], deep] }),
    jump(made),
    deep,
    branch(fd, 'EQ', -errnos.EEXIST.number, made),
    sys('openat', [AT_FDCWD, text('/'), open.PATH | open.DIRECTORY | open.CLOEXEC, 0], { to: root }),
    resolve({ root, path: ref(path), make: 'directories' }, { to: fd }),
    sys('close', [fd]),
    sys('close', [root]),
    made,
  ]);
}

/** What is not this launch's own is not removed with it. */
export function prepareRemoval(groups: Groups, { taken }: Tenure): Action {
  const notTaken = label('cgroups_not_taken');
  return action(
    {
      title: 'prepare to remove the cgroups',
      because: rule('intent before effect'),
      undo: [branch(taken, 'EQ', 0, notTaken), ...groups.remove(), notTaken],
    },
    [],
  );
}

/** That by which processes are found comes first: who has it, has them all. */
export function makeGroups(
  launch: Launch,
  plan: CgroupPlan,
  groups: Groups,
  tenure: Tenure,
): readonly Action[] {
  const path = slot('cgroup');
  const makeOne = makeDirectory(launch, path);
  const because =
    launch.config.linux.cgroupsPath !== null ? launch.because('linux', 'cgroupsPath') : rule('cgroup');
  const decider = cgroupOfProcesses(plan);
  const makeIt = (d: CgroupDirectory): readonly Line[] => [move(path, d.memory), call(makeOne)];
  return [
    prepareRemoval(groups, tenure),
    ...(decider ? takeCgroup(launch, decider, tenure, makeIt(decider)) : []),
    ...[...(decider ? [decider] : []), ...plan.directories.filter(d => d !== decider)]
      .filter(d => d !== decider || hasCpuset(d))
      .map(d =>
        action({ title: `make cgroup ${shownPath(d)}`, because }, [
          ...makeIt(d),
          ...(hasCpuset(d) ? seedCpuset(launch, d) : []),
        ]),
      ),
    ...insistThawed(plan, groups.frost, 'see that nothing above is frozen'),
  ];
}
