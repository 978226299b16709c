/**
 * SIGKILL to all that is in the container's cgroups, until nothing is: processes that fork outrun a list that is read and then gone through. v2
 * has cgroup.kill for it (Linux 5.14, cgroup-v2.rst); without it, nobody forks while it is frozen.
 */
import { AT_FDCWD, type OpenFlags, SIGKILL } from '../../../spec/kernel.js';
import { type Label, label, type Operand, type Slot, slot, text } from '../../program/operand.js';
import { alu, branch, jump, type Line, move, subroutine, sys, walk } from '../../program/step.js';
import type { CgroupDirectory, FrostSensor, KillAll } from './driver.js';
import { freeze, freezersOf, pause1ms, thawAll, untilFrozen } from './freezer.js';
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
  const without = label('without_kill_file');
  const refused = label('kill_refused');
  const none = label('no_group_to_kill');
  return [
    sys('openat', [AT_FDCWD, d.memory, open.PATH | open.DIRECTORY | open.CLOEXEC, 0], {
      to: dir,
      on: [['ENOENT'], none],
    }),
    sys('openat', [dir, text('cgroup.kill'), open.WRONLY | open.CLOEXEC, 0], {
      to: fd,
      on: [['ENOENT'], without],
    }),
    // EOPNOTSUPP: a threaded group, whose processes the list of its parent has. ENODEV: somebody has removed it.
    sys('write', [fd, text('1'), 1], { on: [['EOPNOTSUPP', 'ENODEV'], refused] }),
    move(killed, 1),
    refused,
    sys('close', [fd]),
    without,
    sys('close', [dir]),
    none,
  ];
}

export function killAll(open: OpenFlags, plan: CgroupPlan, sensor: FrostSensor): KillAll {
  const left = slot('processes_left');
  const v2 = plan.directories.filter(d => d.version === 2);
  const listed = listedGroups(plan);
  const freezers = freezersOf(plan);
  const count = slot('processes_listed');
  const killed = slot('group_killed');
  const rounds = slot('kill_rounds');
  const again = label('kill_again');
  const cold = label('kill_frozen');
  const signal = label('kill_each');
  const done = label('all_killed');
  return {
    left,
    kill: subroutine('kill_all', [
      move(rounds, 0),
      again,
      move(left, 0),
      ...listed.flatMap(d => [
        walk('SIGNAL_CGROUP', [AT_FDCWD, d.memory, 0, 0], { to: count }),
        alu(left, left, 'ADD', count),
      ]),
      branch(left, 'EQ', 0, done),
      branch(rounds, 'GE', ROUNDS, done),
      move(killed, 0),
      ...v2.flatMap(d => killGroup(open, d, killed)),
      branch(killed, 'EQ', 0, cold),
      branch(rounds, 'LT', PATIENCE, signal),
      cold,
      ...freeze(open, freezers, signal),
      ...untilFrozen(sensor, FREEZE_MS),
      signal,
      ...listed.map(d => walk('SIGNAL_CGROUP', [AT_FDCWD, d.memory, SIGKILL, 0])),
      ...thawAll(freezers),
      pause1ms,
      alu(rounds, rounds, 'ADD', 1),
      jump(again),
      done,
    ]),
  };
}

/** To each of them; on at `reached` if there was one. The second directory is for who has been moved out of the first. */
export function signalAll(plan: CgroupPlan, signal: Operand, reached: Label): readonly Line[] {
  const sent = slot('signals_sent');
  return listedGroups(plan).flatMap(d => [
    walk('SIGNAL_CGROUP', [AT_FDCWD, d.memory, signal, 0], { to: sent }),
    branch(sent, 'GT', 0, reached),
  ]);
}
