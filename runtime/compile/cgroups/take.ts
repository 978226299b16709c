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
import { type Action, action } from '../../program/action.js';
import { buffer, type Label, label, type Slot, slot, text } from '../../program/operand.js';
import { alu, branch, call, fail, guard, type Line, load, move, sys, walk } from '../../program/step.js';
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

const somebodyElse = (d: CgroupDirectory): Action['words'] => [
  'use cgroup ',
  ...d.path,
  ': somebody else does already, or it could not be read',
];

/** No process in it or below. */
function insistEmpty(d: CgroupDirectory): readonly Line[] {
  const count = slot('cgroup_users');
  return [
    walk('SIGNAL_CGROUP', [AT_FDCWD, d.memory, 0, 0], { to: count }),
    guard(count, 'EQ', 0, errnos.EBUSY.number),
  ];
}

/** Init would not run in a frozen one. crun and runc refuse it, too. */
export function insistThawed(
  plan: CgroupPlan,
  { see, frost }: FrostSensor,
  title: string,
): readonly Action[] {
  const [freezer] = freezersOf(plan);
  const shown = plan.directories.find(d => d.memory === freezer?.place);
  if (!shown) return [];
  const words = ['use cgroup ', ...shown.path, ': it, or one above it, is frozen (thaw it first)'];
  return [
    action({ title, because: rule('init would not run'), words }, [
      call(see),
      guard(frost, 'EQ', Frost.THAWED, errnos.EBUSY.number),
    ]),
  ];
}

/** Before anything is done, not even written down: if it is there, it must be of use. */
export function seeCgroup(plan: CgroupPlan, frost: FrostSensor): readonly Action[] {
  const d = cgroupOfProcesses(plan);
  if (!d) return [];
  const naming: readonly Action[] =
    plan.formats.length > 0
      ? [action({ title: 'name the cgroups', because: rule('cgroup') }, plan.formats)]
      : [];
  return [
    ...naming,
    action(
      { title: `see that ${shownPath(d)} is nobody's`, because: RULE, words: somebodyElse(d) },
      insistEmpty(d),
    ),
    ...insistThawed(plan, frost, 'see that it is not frozen'),
  ];
}

/** `make` makes the directory if it is missing. The lock stays open as long as this command runs. */
export function takeCgroup(
  launch: Launch,
  d: CgroupDirectory,
  { lock, taken }: Tenure,
  make: readonly Line[],
): readonly Action[] {
  const { open, cells } = launch;
  const stat = buffer('cgroup_stat', 256);
  const locked = slot('cgroup_locked');
  const named = slot('cgroup_named');
  const tries = slot('cgroup_tries');
  const again = label('cgroup_take');
  const gone = label('cgroup_gone');
  const other = label('cgroup_other');
  const ours = label('cgroup_taken');
  return [
    action({ title: `take ${shownPath(d)}`, because: RULE, words: somebodyElse(d) }, [
      again,
      ...make,
      sys('openat', [AT_FDCWD, d.memory, open.RDONLY | open.DIRECTORY | open.CLOEXEC, 0], {
        to: lock,
        on: [['ENOENT'], gone],
      }),
      sys('flock', [lock, LOCK_EX | LOCK_NB]),
      // The name may lead to another by now: `delete` of its last user removed it, and somebody made it anew.
      sys('statx', [lock, text(''), AT_EMPTY_PATH, STATX_BASIC_STATS, stat]),
      load(locked, 'U64', stat, Statx.INO),
      sys('statx', [AT_FDCWD, d.memory, 0, STATX_BASIC_STATS, stat], { on: [['ENOENT'], other] }),
      load(named, 'U64', stat, Statx.INO),
      branch(locked, 'EQ', named, ours),
      other,
      sys('close', [lock]),
      gone,
      alu(tries, tries, 'ADD', 1),
      branch(tries, 'LT', 100, again),
      fail(errnos.EBUSY.number),
      ours,
      ...insistEmpty(d),
      move(taken, 1),
    ]),
    action({ title: `write down that ${shownPath(d)} is taken`, because: rule('whom delete may kill') }, [
      sys('mknodat', [cells.stateFd, text(TAKEN), S_IFREG | 0o600, 0]),
    ]),
  ];
}

/** Goes on at `untaken` if the launch never came to write it down. */
export function unlessTaken(stateDir: Slot, untaken: Label): readonly Line[] {
  return [sys('faccessat2', [stateDir, text(TAKEN), 0, 0], { on: [['ENOENT'], untaken] })];
}
