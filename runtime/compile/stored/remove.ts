import { errnos } from '../../../spec/errno.js';
import { TemplateField } from '../../../spec/instructions.js';
import { AT_FDCWD, SIGKILL } from '../../../spec/kernel.js';
import { action, failedErrno, type Track } from '../../program/action.js';
import { field, label, ref, type Slot } from '../../program/operand.js';
import { branch, exit, fail, jump, type Line, sys, waitReadable, walk } from '../../program/step.js';
import { type CgroupPlan, cgroupOfProcesses } from '../cgroups/plan.js';
import type { HookActions } from '../hooks.js';
import { rule } from '../launch.js';
import { entryTrack, lock, openContainer, readStatus } from './container.js';
import { Status } from './context.js';
import { thaw } from './freezer.js';
import type { Lifecycle } from './subroutines.js';

/** Kill what is left, remove every durable name, the state directory last. Also the end of a foreground run. */
export function removalLines(c: { readonly plan: CgroupPlan; readonly ownPids: boolean }): readonly Line[] {
  const lines: Line[] = [];
  if (!c.ownPids) {
    const d = cgroupOfProcesses(c.plan);
    if (d) lines.push(walk('SIGNAL_CGROUP', [AT_FDCWD, d.memory, SIGKILL, 0]));
  }
  for (const d of c.plan.directories) lines.push(walk('REMOVE_CGROUP', [AT_FDCWD, d.memory, 0, 10_000]));
  return lines;
}

export function deleteTrack(c: Lifecycle, force: Slot, poststop: HookActions): Track {
  const missing = label('delete_missing');
  const nothing = label('delete_nothing');
  const here = label('delete_here');
  const kill = label('delete_kill');
  const remove = label('delete_remove');
  const killed = label('delete_killed');
  const processes = cgroupOfProcesses(c.plan);
  const ownPids = c.launch.namespaces.get('pid') === '';
  return entryTrack('delete', [
    openContainer(c, missing),
    action(
      {
        title: 'accept with --force that it is not there',
        because: rule('delete --force'),
        words: ['container `', field(TemplateField.STRING, c.id), '` does not exist'],
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
        words: [
          'container `',
          field(TemplateField.STRING, c.id),
          '` is not stopped (use --force to kill it)',
        ],
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
        words: [
          'kill init of container `',
          field(TemplateField.STRING, c.id),
          '`: ',
          field(TemplateField.ERRNO, failedErrno),
        ],
      },
      [
        ...thaw(c),
        sys('pidfd_send_signal', [c.pidfd, SIGKILL, 0, 0], { on: [['ESRCH'], remove] }),
        waitReadable(c.pidfd, 10_000, {}),
        jump(killed),
        remove,
        // Init is not known to be alive, which a damaged state.json does not prove.
        ...(ownPids && processes
          ? [branch(force, 'EQ', 0, killed), walk('SIGNAL_CGROUP', [AT_FDCWD, processes.memory, SIGKILL, 0])]
          : []),
        killed,
      ],
    ),
    action(
      {
        title: 'remove the cgroups',
        because: rule('delete'),
        words: [
          'remove the cgroup of container `',
          field(TemplateField.STRING, c.id),
          '`: ',
          field(TemplateField.ERRNO, failedErrno),
        ],
      },
      removalLines({ plan: c.plan, ownPids }),
    ),
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
      [walk('REMOVE_TREE', [AT_FDCWD, ref(c.stateDir), 0, 0])],
    ),
    ...poststop.actions,
    action({ title: 'end', because: rule('delete') }, [exit(0)]),
  ]);
}
