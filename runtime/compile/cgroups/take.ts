/**
 * Whose a cgroup is. All that is in it is killed with the container, so of two launches with one cgroupsPath only one may have it, whether it was
 * there before (an empty group that somebody left or prepared, with its limits) or not. A directory cannot be made and kept in one step; so the
 * lock on it (flock(2)) decides, taken on the very directory that has the name, and held until a process is in it. One hierarchy decides for all.
 */
import { errnos } from '../../../spec/errno.js';
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  LOCK_EX,
  LOCK_NB,
  S_IFREG,
  STATX_BASIC_STATS,
  Statx,
} from '../../../spec/kernel.js';
import type { Action } from '../../program/action.js';
import { attempt, ignoring, repeat, when } from '../../program/control.js';
import { buffer, type Field, type Slot, slot, text } from '../../program/operand.js';
import { alu, branch, call, fail, guard, type Line, load, move, sys, walk } from '../../program/step.js';
import { operation } from '../idioms/operation.js';
import { type Launch, rule } from '../launch/launch.js';
import { type CgroupDirectory, Frost, type FrostSensor } from './driver.js';
import { freezersOf } from './freezer.js';
import { type CgroupPlan, cgroupOfProcesses, shownPath } from './plan.js';

/** How a launch has its groups. */
export interface Tenure {
  /** The directory by which they are its own, locked. */
  readonly lock: Slot;
  /** 1 once they are. */
  readonly taken: Slot;
}

/** A file of the state directory: from now on whatever is in the cgroups is the container's. */
const TAKEN = 'cgroups-taken';

const RULE = rule('what is in it is killed with the container');

/** The id in the words about a directory. */
const idIn = (d: CgroupDirectory): readonly Field[] =>
  d.path.filter((part): part is Field => typeof part !== 'string');

/** No process in it or below. */
function insistEmpty(d: CgroupDirectory): readonly Line[] {
  const count = slot('cgroup_users');
  return [
    walk('SIGNAL_CGROUP', [AT_FDCWD, d.memory, 0, 0], { to: count }),
    guard(count, 'EQ', 0, errnos.EBUSY.number),
  ];
}

/** Init would not run in a frozen one. crun and runc refuse it, too. `above`: it is there now, and what is above it counts. */
export function insistThawed(
  plan: CgroupPlan,
  { see, frost }: FrostSensor,
  above: boolean,
): readonly Action[] {
  const [freezer] = freezersOf(plan);
  const shown = plan.directories.find(d => d.memory === freezer?.place);
  if (!shown) return [];
  const because = rule('init would not run');
  return [
    operation(
      { kind: 'check-cgroup-is-thawed', path: shownPath(shown), above, because },
      [call(see), guard(frost, 'EQ', Frost.THAWED, errnos.EBUSY.number)],
      { shown: idIn(shown) },
    ),
  ];
}

/** Before anything is done, not even written down: if it is there, it must be of use. */
export function seeCgroup(plan: CgroupPlan, frost: FrostSensor): readonly Action[] {
  const d = cgroupOfProcesses(plan);
  if (!d) return [];
  const naming = plan.formats.length > 0;
  return [
    ...(naming ? [operation({ kind: 'name-cgroups', because: rule('cgroup') }, plan.formats)] : []),
    operation({ kind: 'check-cgroup-is-unused', path: shownPath(d), because: RULE }, insistEmpty(d), {
      shown: idIn(d),
    }),
    ...insistThawed(plan, frost, false),
  ];
}

/** `make` makes the directory if it is missing. The lock stays open as long as this command runs. */
export function takeCgroup(
  launch: Launch,
  d: CgroupDirectory,
  { lock, taken }: Tenure,
  make: readonly Line[],
): readonly Action[] {
  const { open } = launch;
  const stat = buffer('cgroup_stat', 256);
  const locked = slot('cgroup_locked');
  const named = slot('cgroup_named');
  const tries = slot('cgroup_tries');
  const directory = open.RDONLY | open.DIRECTORY | open.CLOEXEC;
  const path = shownPath(d);
  return [
    operation(
      { kind: 'take-cgroup', path, because: RULE },
      [
        ...repeat(({ leave }) => [
          ...make,
          ...ignoring(['ENOENT'], gone => [
            sys('openat', [AT_FDCWD, d.memory, directory, 0], { to: lock, ...gone }),
            sys('flock', [lock, LOCK_EX | LOCK_NB]),
            // The name may lead to another by now: `delete` of its last user removed it, and somebody made it anew.
            sys('statx', [lock, text(''), AT_EMPTY_PATH, STATX_BASIC_STATS, stat]),
            load(locked, 'U64', stat, Statx.INO),
            ...ignoring(['ENOENT'], other => [
              sys('statx', [AT_FDCWD, d.memory, 0, STATX_BASIC_STATS, stat], other),
              load(named, 'U64', stat, Statx.INO),
              branch(locked, 'EQ', named, leave),
            ]),
            sys('close', [lock]),
          ]),
          alu(tries, tries, 'ADD', 1),
          ...when(tries, 'GE', 100, [fail(errnos.EBUSY.number)]),
        ]),
        ...insistEmpty(d),
        move(taken, 1),
      ],
      { shown: idIn(d) },
    ),
    recordTaken(launch, d),
  ];
}

export function recordTaken({ cells }: Launch, d: CgroupDirectory): Action {
  return operation({ kind: 'record-cgroup', path: shownPath(d), because: rule('whom delete may kill') }, [
    sys('mknodat', [cells.stateFd, text(TAKEN), S_IFREG | 0o600, 0]),
  ]);
}

/** 1 into `untaken` if the launch never came to write it down. */
export function seeTaken(stateDir: Slot, untaken: Slot): readonly Line[] {
  return attempt(['ENOENT'], missing => [sys('faccessat2', [stateDir, text(TAKEN), 0, 0], missing)], [
    move(untaken, 1),
  ]);
}
