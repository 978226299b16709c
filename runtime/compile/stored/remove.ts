import { errnos } from '../../../spec/errno.js';
import { TemplateField } from '../../../spec/instructions.js';
import { AT_FDCWD, SIGKILL } from '../../../spec/kernel.js';
import type { Action, Track } from '../../program/action.js';
import { ignoring, when } from '../../program/control.js';
import { field, ref, type Slot, slot } from '../../program/operand.js';
import { call, exit, fail, type Line, move, sys, waitReadable, walk } from '../../program/step.js';
import { removeResctrlGroup } from '../container/resctrl.js';
import type { HookActions } from '../hooks/hooks.js';
import { holdInterrupts } from '../idioms/interrupts.js';
import { operation } from '../idioms/operation.js';
import { rule } from '../launch/launch.js';
import { entryTrack, idOf, lock, openContainer, readStatus, unlessStatus } from './container.js';
import { Status } from './context.js';
import type { Lifecycle } from './subroutines.js';

/** Those in which there is no init, as far as anybody knows. */
const WITHOUT_INIT = [Status.STOPPED, Status.CREATING, Status.DAMAGED];

/** Without an init that was killed: whose the groups are, and what may be left in them. */
function lookForOthers(c: Lifecycle, force: Slot, untaken: Slot): readonly Line[] {
  const { groups } = c;
  const ownPids = c.launch.namespaces.get('pid') === 'new';
  return [
    // A launch that was killed may not even have come to own them. One that had a process did, in versions that did not write it down, too.
    ...when(c.recorded, 'EQ', 0, groups.seeTaken(c.dir, untaken)),
    // Init is not known to be alive, which a damaged state.json does not prove.
    ...(ownPids && groups.killAll !== null
      ? when(untaken, 'EQ', 0, when(force, 'NE', 0, [call(groups.killAll.kill)]))
      : []),
  ];
}

function killInit(c: Lifecycle, force: Slot, untaken: Slot): Action {
  const killed = slot('init_killed');
  return operation(
    { kind: 'kill-init', because: rule('delete') },
    [
      ...unlessStatus(
        c,
        WITHOUT_INIT,
        ignoring(['ESRCH'], ended => [
          sys('pidfd_send_signal', [c.pidfd, SIGKILL, 0, 0], ended),
          ...c.groups.thawAll(),
          waitReadable(c.pidfd, 10_000, {}),
          move(killed, 1),
        ]),
      ),
      ...when(killed, 'EQ', 0, lookForOthers(c, force, untaken)),
    ],
    idOf(c),
  );
}

export function deleteTrack(c: Lifecycle, force: Slot, poststop: HookActions): Track {
  const untaken = slot('cgroups_untaken');
  return entryTrack('delete', [
    openContainer(c, true),
    operation(
      { kind: 'accept-missing', because: rule('delete --force') },
      when(c.dir, 'LT', 0, [...when(force, 'EQ', 0, [fail(errnos.ENOENT.number)]), exit(0)]),
      idOf(c),
    ),
    lock(c),
    readStatus(c, force),
    operation(
      { kind: 'check-status', for: 'delete', because: rule('runtime.md, delete') },
      unlessStatus(c, [...WITHOUT_INIT, Status.CREATED], when(force, 'EQ', 0, [fail(errnos.EBUSY.number)])),
      idOf(c),
    ),
    killInit(c, force, untaken),
    ...removeContainer(c, untaken, poststop),
    operation({ kind: 'end', because: rule('delete') }, [exit(0)]),
  ]);
}

/** What is left of one that has ended. `untaken`: not 0, the cgroups may be those of others. */
export function removeContainer(c: Lifecycle, untaken: Slot, poststop: HookActions): readonly Action[] {
  const { groups } = c;
  const resctrl = removeResctrlGroup(c.launch, c.dir, c.id);
  return [
    operation(
      { kind: 'remove-cgroups', because: rule('delete') },
      when(untaken, 'EQ', 0, groups.remove(), groups.removeUntaken()),
      idOf(c),
    ),
    ...(resctrl.length > 0
      ? [operation({ kind: 'remove-resctrl-group', because: rule('delete') }, resctrl)]
      : []),
    ...(poststop.actions.length > 0 ? [holdInterrupts(c.interrupts)] : []),
    operation(
      { kind: 'remove-state-directory', because: rule('delete') },
      // With the lock: nobody is to wait for hooks.
      [walk('REMOVE_TREE', [AT_FDCWD, ref(c.stateDir), 0, 0]), sys('close', [c.dir])],
      { shown: [field(TemplateField.STRING, c.stateDir)] },
    ),
    ...poststop.actions,
  ];
}
