/** How init comes into the directories: into that of v2 when it is born, into those of v1 by itself. */
import { AT_FDCWD, Clone } from '../../../spec/kernel.js';
import type { Action } from '../../program/action.js';
import { ref, type Slot, slot, text } from '../../program/operand.js';
import { call, move, store, subroutine, sys } from '../../program/step.js';
import { operation } from '../idioms/operation.js';
import { type Launch, rule } from '../launch/launch.js';
import type { Birth } from './driver.js';
import { openPlace } from './open-place.js';
import { type CgroupPlan, shownPath } from './plan.js';
import { textBytes } from './write-file.js';

/** `cgroup` of struct clone_args (clone3(2)). */
const CGROUP_OF_CLONE_ARGUMENTS = 80;

/** It stays where its parent is. */
export const birthAnywhere: Birth = { flags: 0n, begin: () => [], end: [] };

/** In the group of v2 that is open there. */
export function birthInOpened(group: Slot): Birth {
  return {
    flags: Clone.INTO_CGROUP,
    begin: cloneArguments => [store('U64', cloneArguments, CGROUP_OF_CLONE_ARGUMENTS, group)],
    end: [],
  };
}

export function birthIn({ open }: Launch, plan: CgroupPlan): Birth {
  const v2 = plan.directories.find(d => d.version === 2);
  if (!v2) return birthAnywhere;
  const fd = slot('cgroup_v2_fd', -1);
  const { flags, begin } = birthInOpened(fd);
  return {
    flags,
    begin: cloneArguments => [
      sys('openat', [AT_FDCWD, v2.memory, open.RDONLY | open.DIRECTORY | open.CLOEXEC, 0], { to: fd }),
      ...begin(cloneArguments),
    ],
    end: [sys('close', [fd])],
  };
}

/** v1: the process itself writes 0 to `tasks`; another's pid in cgroup.procs waits for a grace period of the kernel, about 10 ms. */
export function enterDirectories(launch: Launch, plan: CgroupPlan): readonly Action[] {
  const { open } = launch;
  const path = slot('cgroup_entered');
  const dir = slot('cgroup_enter');
  const fd = slot('tasks_fd');
  const enterOne = subroutine('enter_cgroup', [
    openPlace(open, ref(path), dir),
    sys('openat', [dir, text('tasks'), open.WRONLY | open.CLOEXEC, 0], { to: fd }),
    sys('write', [fd, textBytes('0'), 1]),
    sys('close', [fd]),
    sys('close', [dir]),
  ]);
  return plan.directories
    .filter(d => d.version === 1)
    .map(d =>
      operation({ kind: 'enter-cgroup', path: shownPath(d), because: rule('cgroup') }, [
        move(path, d.memory),
        call(enterOne),
      ]),
    );
}
