import { errnos } from '../../../spec/errno.js';
import { TemplateField } from '../../../spec/instructions.js';
import { SIGKILL } from '../../../spec/kernel.js';
import { action, type Track } from '../../program/action.js';
import { field, label, type Slot } from '../../program/operand.js';
import { branch, call, exit, fail, jump, type Line, sys } from '../../program/step.js';
import { rule } from '../launch/launch.js';
import { cannot, entryTrack, NOT_RUNNING, openContainer, readStatus } from './container.js';
import { Status } from './context.js';
import type { Lifecycle } from './subroutines.js';

export function killTrack(c: Lifecycle, signal: Slot, all: Slot): Track {
  const one = label('signal_one');
  const done = label('signalled');
  const { killAll } = c.groups;
  const ownPids = c.launch.namespaces.get('pid') === 'new';
  const group = label('signal_all');
  const softly = label('signal_listed');
  const everyone: readonly Line[] = killAll
    ? [
        group,
        branch(signal, 'NE', SIGKILL, softly),
        // Those that cannot die yet, because they wait for a disk, have their signal: that is no failure.
        call(killAll.kill),
        branch(c.status, 'EQ', Status.STOPPED, done),
        // And to init, wherever it has been moved.
        sys('pidfd_send_signal', [c.pidfd, signal, 0, 0], { on: [['ESRCH'], done] }),
        jump(done),
        softly,
        ...c.groups.signal(signal, done),
        branch(c.status, 'EQ', Status.STOPPED, done),
        jump(one),
      ]
    : [group, fail(errnos.EOPNOTSUPP.number)];
  const dead = label('kill_dead');
  const creating = label('kill_creating');
  const goOn = label('kill_go_on');
  return entryTrack('kill', [
    openContainer(c),
    readStatus(c),
    action(
      {
        title: 'insist that it runs',
        because: rule('runtime.md, kill'),
        words: ['container `', field(TemplateField.STRING, c.id), `\`: ${NOT_RUNNING}`],
      },
      [
        branch(c.status, 'EQ', Status.STOPPED, dead),
        branch(c.status, 'EQ', Status.PREPARING, creating),
        branch(c.status, 'NE', Status.CREATING, goOn),
        creating,
        fail(errnos.ESRCH.number),
        dead,
        // kill --all of a stopped container succeeds, and reaches what may be left in its cgroup.
        branch(all, 'NE', 0, goOn),
        fail(errnos.ESRCH.number),
        goOn,
      ],
    ),
    action(
      {
        title: 'send the signal',
        because: rule('kill'),
        words: cannot(c, 'kill container'),
      },
      [
        branch(all, 'NE', 0, group),
        // Without a pid namespace of its own, SIGKILL of init would leave its children behind.
        ...(ownPids ? [] : [branch(signal, 'EQ', SIGKILL, group)]),
        jump(one),
        ...everyone,
        one,
        sys('pidfd_send_signal', [c.pidfd, signal, 0, 0]),
        // A frozen process of v1 does not die.
        branch(signal, 'NE', SIGKILL, done),
        ...c.groups.thawAll(),
        done,
        exit(0),
      ],
    ),
  ]);
}
