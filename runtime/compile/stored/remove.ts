import { errnos } from '../../../spec/errno.js';
import { TemplateField } from '../../../spec/instructions.js';
import { AT_FDCWD, SIGKILL } from '../../../spec/kernel.js';
import { action, failedErrno, type Track } from '../../program/action.js';
import { field, label, ref, type Slot } from '../../program/operand.js';
import { branch, call, exit, fail, jump, sys, waitReadable, walk } from '../../program/step.js';
import type { HookActions } from '../hooks/hooks.js';
import { holdInterrupts } from '../idioms/interrupts.js';
import { rule } from '../launch/launch.js';
import { cannot, container, entryTrack, lock, openContainer, readStatus } from './container.js';
import { Status } from './context.js';
import type { Lifecycle } from './subroutines.js';

export function deleteTrack(c: Lifecycle, force: Slot, poststop: HookActions): Track {
  const missing = label('delete_missing');
  const nothing = label('delete_nothing');
  const here = label('delete_here');
  const kill = label('delete_kill');
  const remove = label('delete_remove');
  const killed = label('delete_killed');
  const untaken = label('delete_untaken');
  const owned = label('delete_owned');
  const removed = label('delete_removed');
  const { groups } = c;
  const ownPids = c.launch.namespaces.get('pid') === 'new';
  return entryTrack('delete', [
    openContainer(c, missing),
    action(
      {
        title: 'accept with --force that it is not there',
        because: rule('delete --force'),
        words: container(c, 'does not exist'),
      },
      [
        jump(here),
        missing,
        branch(force, 'NE', 0, nothing),
        fail(errnos.ENOENT.number),
        nothing,
        exit(0),
        here,
      ],
    ),
    lock(c),
    readStatus(c, { given: force, damaged: remove }),
    action(
      {
        title: 'insist that it is stopped, or --force',
        because: rule('runtime.md, delete'),
        words: container(c, 'is not stopped (use --force to kill it)'),
      },
      [
        branch(c.status, 'EQ', Status.STOPPED, remove),
        branch(c.status, 'EQ', Status.CREATING, remove),
        branch(c.status, 'EQ', Status.CREATED, kill),
        branch(force, 'NE', 0, kill),
        fail(errnos.EBUSY.number),
        kill,
      ],
    ),
    action(
      {
        title: 'kill init',
        because: rule('delete'),
        words: cannot(c, 'kill init of container'),
      },
      [
        sys('pidfd_send_signal', [c.pidfd, SIGKILL, 0, 0], { on: [['ESRCH'], remove] }),
        ...groups.thawAll(),
        waitReadable(c.pidfd, 10_000, {}),
        jump(killed),
        remove,
        // A launch that was killed may not even have come to own them. One that had a process did, in versions that did not write it down, too.
        ...(groups.directories.length === 0
          ? []
          : [branch(c.recorded, 'NE', 0, owned), ...groups.unlessTaken(c.dir, untaken), owned]),
        // Init is not known to be alive, which a damaged state.json does not prove.
        ...(ownPids && groups.killAll !== null
          ? [branch(force, 'EQ', 0, killed), call(groups.killAll.kill)]
          : []),
        killed,
      ],
    ),
    action(
      {
        title: 'remove the cgroups',
        because: rule('delete'),
        words: cannot(c, 'remove the cgroup of container'),
      },
      [...groups.remove(), jump(removed), untaken, ...groups.removeUntaken(), removed],
    ),
    ...(poststop.actions.length > 0 ? [holdInterrupts(c.interrupts)] : []),
    action(
      {
        title: 'remove the state directory',
        because: rule('delete'),
        words: [
          'remove ',
          field(TemplateField.STRING, c.stateDir),
          ': ',
          field(TemplateField.ERRNO, failedErrno),
        ],
      },
      // With the lock: nobody is to wait for hooks.
      [walk('REMOVE_TREE', [AT_FDCWD, ref(c.stateDir), 0, 0]), sys('close', [c.dir])],
    ),
    ...poststop.actions,
    action({ title: 'end', because: rule('delete') }, [exit(0)]),
  ]);
}
