/** Making the container's directories (host track). */
import { errnos } from '../../../spec/errno.js';
import { AT_FDCWD } from '../../../spec/kernel.js';
import type { Action } from '../../program/action.js';
import { attempt, when } from '../../program/control.js';
import { ref, type Slot, slot, text } from '../../program/operand.js';
import { call, type Line, move, resolve, type Subroutine, subroutine, sys } from '../../program/step.js';
import { operation } from '../idioms/operation.js';
import { type Launch, rule } from '../launch/launch.js';
import { hasCpuset, seedCpuset } from './cpuset.js';
import type { CgroupDirectory, Groups } from './driver.js';
import { openPlace } from './open-place.js';
import { type CgroupPlan, cgroupOfProcesses, shownPath } from './plan.js';
import { insistThawed, type Tenure, takeCgroup } from './take.js';

/** A directory; those above it only where they are missing. */
export function makeDirectory({ open }: Launch, path: Slot): Subroutine {
  const root = slot('cgroup_root');
  const fd = slot('cgroup_fd');
  return subroutine('make_cgroup', [
    ...attempt(
      ['ENOENT', 'EEXIST'],
      not => [sys('mkdirat', [AT_FDCWD, ref(path), 0o755], { to: fd, ...not })],
      when(fd, 'NE', -errnos.EEXIST.number, [
        openPlace(open, text('/'), root),
        resolve({ root, path: ref(path), make: 'directories' }, { to: fd }),
        sys('close', [fd]),
        sys('close', [root]),
      ]),
    ),
  ]);
}

/** What is not this launch's own is not removed with it. */
export function prepareRemoval(groups: Groups, { taken }: Pick<Tenure, 'taken'>): Action {
  return operation({ kind: 'prepare-cgroup-removal', because: rule('intent before effect') }, [], {
    undo: when(taken, 'NE', 0, groups.remove()),
  });
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
        operation({ kind: 'make-cgroup', path: shownPath(d), because }, [
          ...makeIt(d),
          ...(hasCpuset(d) ? seedCpuset(launch, d) : []),
        ]),
      ),
    ...insistThawed(plan, groups.frost, true),
  ];
}
