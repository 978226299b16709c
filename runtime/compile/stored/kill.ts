import { errnos } from '../../../spec/errno.js';
import { SIGKILL } from '../../../spec/kernel.js';
import type { Track } from '../../program/action.js';
import { ignoring, when } from '../../program/control.js';
import { type Slot, slot } from '../../program/operand.js';
import { call, exit, fail, type Line, move, sys } from '../../program/step.js';
import { operation } from '../idioms/operation.js';
import { rule } from '../launch/launch.js';
import { entryTrack, idOf, openContainer, readStatus } from './container.js';
import { Status } from './context.js';
import type { Lifecycle } from './subroutines.js';

const done: Line = exit(0);

/**
 * To all in its cgroups; goes on behind it where nobody was, and then init is all there is. Without groups nobody knows the others: who disabled them is told so, who
 * was given none reaches init.
 */
function signalAll(c: Lifecycle, signal: Slot, all: Slot): readonly Line[] {
  const { killAll, record } = c.groups;
  if (killAll === null)
    return record.manager === 'disabled' ? when(all, 'NE', 0, [fail(errnos.EOPNOTSUPP.number)]) : [];
  const sent = slot('signals_sent');
  return [
    ...when(signal, 'EQ', SIGKILL, [
      // Those that cannot die yet, because they wait for a disk, have their signal: that is no failure.
      call(killAll.kill),
      // And to init, wherever it has been moved.
      ...when(
        c.status,
        'NE',
        Status.STOPPED,
        ignoring(['ESRCH'], dead => [sys('pidfd_send_signal', [c.pidfd, signal, 0, 0], dead)]),
      ),
      done,
    ]),
    ...c.groups.signal(signal, sent),
    ...when(sent, 'GT', 0, [done]),
    ...when(c.status, 'EQ', Status.STOPPED, [done]),
  ];
}

export function killTrack(c: Lifecycle, signal: Slot, all: Slot): Track {
  const ownPids = c.launch.namespaces.get('pid') === 'new';
  const everyone = ownPids ? all : slot('signal_everyone');
  const dead = [fail(errnos.ESRCH.number)];
  return entryTrack('kill', [
    openContainer(c),
    readStatus(c),
    operation(
      { kind: 'check-status', for: 'kill', because: rule('runtime.md, kill') },
      [
        // kill --all of a stopped container succeeds, and reaches what may be left in its cgroup.
        ...when(c.status, 'EQ', Status.STOPPED, when(all, 'EQ', 0, dead)),
        ...when(c.status, 'EQ', Status.PREPARING, dead),
        ...when(c.status, 'EQ', Status.CREATING, dead),
      ],
      idOf(c),
    ),
    operation(
      { kind: 'send-signal', because: rule('kill') },
      [
        // Without a pid namespace of its own, SIGKILL of init would leave its children behind.
        ...(ownPids ? [] : [move(everyone, all), ...when(signal, 'EQ', SIGKILL, [move(everyone, 1)])]),
        ...when(everyone, 'NE', 0, signalAll(c, signal, all)),
        sys('pidfd_send_signal', [c.pidfd, signal, 0, 0]),
        // A frozen process of v1 does not die.
        ...when(signal, 'EQ', SIGKILL, c.groups.thawAll()),
        done,
      ],
      idOf(c),
    ),
  ]);
}
