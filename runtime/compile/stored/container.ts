/**
 * What every stored command begins with: the state directory, its lock, the pid, the status.
 */
import type { Entry } from '../../../spec/commands.js';
import { errnos } from '../../../spec/errno.js';
import { TemplateField } from '../../../spec/instructions.js';
import { AT_FDCWD } from '../../../spec/kernel.js';
import { type Action, action, failedErrno, type Track } from '../../program/action.js';
import { field, type Label, label, ref, type Slot, type Template } from '../../program/operand.js';
import { branch, call, exitReporting, fail, type Line, sys } from '../../program/step.js';
import { rule } from '../launch/launch.js';
import { Status } from './context.js';
import type { Lifecycle } from './subroutines.js';

/** A sentence about it. */
export function container({ id }: Lifecycle, predicate: string): Template {
  return ['container `', field(TemplateField.STRING, id), `\` ${predicate}`];
}

/** What could not be done, and the errno that says why. */
export function cannot({ id }: Lifecycle, verb: string): Template {
  return [`${verb} \``, field(TemplateField.STRING, id), '`: ', field(TemplateField.ERRNO, failedErrno)];
}

/** `missing`: where to go on if the directory is not there any more (another command may have deleted it a moment ago). */
export function openContainer(c: Lifecycle, missing: Label | null = null): Action {
  const { open } = c.launch;
  return action(
    {
      title: 'open the state directory',
      because: rule('ROOT/ID'),
      words: [
        'container `',
        field(TemplateField.STRING, c.id),
        '` does not exist: ',
        field(TemplateField.ERRNO, failedErrno),
      ],
    },
    [
      sys(
        'openat',
        [AT_FDCWD, ref(c.stateDir), open.RDONLY | open.DIRECTORY | open.NOFOLLOW | open.CLOEXEC, 0],
        { to: c.dir, ...(missing ? { on: [['ENOENT'], missing] as const } : {}) },
      ),
      call(c.nameCgroups),
    ],
  );
}

export function lock(c: Lifecycle): Action {
  return action(
    {
      title: 'lock the state directory',
      because: rule('one command at a time'),
      words: container(c, 'is busy: another command has held its lock for 10 s'),
    },
    [call(c.takeLock)],
  );
}

/** `force`: if that slot is set, the run goes on at the label when state.json cannot be read or makes no sense. Else that is the failure. */
export function readStatus(c: Lifecycle, force?: { readonly given: Slot; readonly damaged: Label }): Action {
  const sound = label('state_is_sound');
  return action(
    {
      title: 'find out the status',
      because: rule('state.json, start time, freezer, exec.fifo'),
      words: [
        'read the state of container `',
        field(TemplateField.STRING, c.id),
        '`: ',
        field(TemplateField.ERRNO, failedErrno),
        ' (state.json; `delete --force` removes the container)',
      ],
    },
    [
      call(c.readState),
      branch(c.status, 'NE', Status.DAMAGED, sound),
      ...(force === undefined ? [] : [branch(force.given, 'NE', 0, force.damaged)]),
      fail(c.problem),
      sound,
    ],
  );
}

export function notRunning(c: Lifecycle, statuses: readonly number[], message: string): Action {
  const good = label('status_good');
  return action(
    {
      title: `insist: ${message}`,
      because: rule('runtime.md, operations'),
      words: container(c, message),
    },
    [...statuses.map(s => branch(c.status, 'EQ', s, good)), fail(errnos.EINVAL.number), good],
  );
}

/** Fail if it has that status. */
export function unless(c: Lifecycle, status: number, message: string): Action {
  const other = label('status_other');
  return action(
    {
      title: `insist that it is not so: ${message}`,
      because: rule('runtime.md, operations'),
      words: container(c, message),
    },
    [branch(c.status, 'NE', status, other), fail(errnos.EINVAL.number), other],
  );
}

/** "container not running" is what containerd and CRI-O look for. */
export const NOT_RUNNING = 'container not running';

export function entryTrack(
  name: Entry,
  actions: readonly Action[],
  failed: readonly Line[] = [exitReporting(1)],
): Track {
  return { name, actions, failed };
}
