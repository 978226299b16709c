/**
 * SIGKILL to all that is in the container's cgroups, until nothing is: processes that fork outrun a list that is read and then gone through. v2
 * has cgroup.kill for it (Linux 5.14, cgroup-v2.rst); without it, nobody forks while it is frozen.
 */
import { AT_FDCWD, type OpenFlags, SIGKILL } from '../../../spec/kernel.js';
import { ignoring, repeat, when } from '../../program/control.js';
import { label, type Operand, type Slot, slot, text } from '../../program/operand.js';
import { alu, branch, jump, type Line, move, subroutine, sys, walk } from '../../program/step.js';
import type { CgroupDirectory, FrostSensor, KillAll } from './driver.js';
import { freeze, freezersOf, pause1ms, thawAll, untilFrozen } from './freezer.js';
import { openPlace } from './open-place.js';
import { type CgroupPlan, listedGroups } from './plan.js';

/** About ten seconds: a round takes a little more than a millisecond. */
const ROUNDS = 8000;
/** Where cgroup.kill has left somebody after that many (v1 groups of somebody who is not in that of v2), freeze as well. */
const PATIENCE = 20;
/** A process that waits for a disk does not freeze; then the others are signalled all the same. */
const FREEZE_MS = 50;

/** cgroup.kill of one directory; `killed` becomes 1. */
function killGroup(open: OpenFlags, d: CgroupDirectory, killed: Slot): readonly Line[] {
  const dir = slot('kill_dir');
  const fd = slot('kill_fd');
  return ignoring(['ENOENT'], gone => [
    openPlace(open, d.memory, dir, gone),
    ...ignoring(['ENOENT'], missing => [
      sys('openat', [dir, text('cgroup.kill'), open.WRONLY | open.CLOEXEC, 0], { to: fd, ...missing }),
      // EOPNOTSUPP: a threaded group, whose processes the list of its parent has. ENODEV: somebody has removed it.
      ...ignoring(['EOPNOTSUPP', 'ENODEV'], refused => [
        sys('write', [fd, text('1'), 1], refused),
        move(killed, 1),
      ]),
      sys('close', [fd]),
    ]),
    sys('close', [dir]),
  ]);
}

export function killAll(open: OpenFlags, plan: CgroupPlan, sensor: FrostSensor): KillAll {
  const left = slot('processes_left');
  const v2 = plan.directories.filter(d => d.version === 2);
  const listed = listedGroups(plan);
  const freezers = freezersOf(plan);
  const count = slot('processes_listed');
  const killed = slot('group_killed');
  const rounds = slot('kill_rounds');
  // Left by a condition of two parts, and by freezers that are not there.
  const signal = label('kill_each');
  return {
    left,
    kill: subroutine('kill_all', [
      move(rounds, 0),
      ...repeat(({ leave }) => [
        move(left, 0),
        ...listed.flatMap(d => [
          walk('SIGNAL_CGROUP', [AT_FDCWD, d.memory, 0, 0], { to: count }),
          alu(left, left, 'ADD', count),
        ]),
        branch(left, 'EQ', 0, leave),
        branch(rounds, 'GE', ROUNDS, leave),
        move(killed, 0),
        ...v2.flatMap(d => killGroup(open, d, killed)),
        ...when(killed, 'NE', 0, [branch(rounds, 'LT', PATIENCE, signal)]),
        ...freeze(open, freezers, [jump(signal)]),
        ...untilFrozen(sensor, FREEZE_MS),
        signal,
        ...listed.map(d => walk('SIGNAL_CGROUP', [AT_FDCWD, d.memory, SIGKILL, 0])),
        ...thawAll(freezers),
        pause1ms,
        alu(rounds, rounds, 'ADD', 1),
      ]),
    ]),
  };
}

/** To each of them, and how many there were. The second directory is for who has been moved out of the first. */
export function signalAll(plan: CgroupPlan, signal: Operand, sent: Slot): readonly Line[] {
  return listedGroups(plan).reduceRight<readonly Line[]>(
    (rest, d) => [
      walk('SIGNAL_CGROUP', [AT_FDCWD, d.memory, signal, 0], { to: sent }),
      ...when(sent, 'EQ', 0, rest),
    ],
    [],
  );
}
