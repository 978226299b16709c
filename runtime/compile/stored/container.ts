/**
 * What every stored command begins with: the state directory, its lock, the pid, the status.
 */
import type { Entry } from '../../../spec/commands.js';
import { errnos } from '../../../spec/errno.js';
import { TemplateField } from '../../../spec/instructions.js';
import { AT_FDCWD } from '../../../spec/kernel.js';
import type { OperationOf } from '../../../spec/operations/index.js';
import type { Action, Track } from '../../program/action.js';
import { ignoring, when } from '../../program/control.js';
import { type Field, field, ref, type Slot } from '../../program/operand.js';
import { call, exitReporting, fail, type Line, sys } from '../../program/step.js';
import { operation } from '../idioms/operation.js';
import { rule } from '../launch/launch.js';
import { Status } from './context.js';
import type { Lifecycle } from './subroutines.js';

/** The id, as messages show it. */
export const idOf = ({ id }: Lifecycle): { readonly shown: readonly Field[] } => ({
  shown: [field(TemplateField.STRING, id)],
});

/** With `forgiving` one that is not there any more (another command may have deleted it a moment ago) is none: its descriptor stays below 0. */
export function openContainer(c: Lifecycle, forgiving = false): Action {
  const { open } = c.launch;
  const flags = open.RDONLY | open.DIRECTORY | open.NOFOLLOW | open.CLOEXEC;
  const name = call(c.nameCgroups);
  return operation(
    { kind: 'open-container', because: rule('ROOT/ID') },
    forgiving
      ? ignoring(['ENOENT'], missing => [
          sys('openat', [AT_FDCWD, ref(c.stateDir), flags, 0], { to: c.dir, ...missing }),
          name,
        ])
      : [sys('openat', [AT_FDCWD, ref(c.stateDir), flags, 0], { to: c.dir }), name],
    idOf(c),
  );
}

export function lock(c: Lifecycle): Action {
  return operation(
    { kind: 'lock-container', because: rule('one command at a time') },
    [call(c.takeLock)],
    idOf(c),
  );
}

/** `force`: if that slot is set, the run goes on with DAMAGED when state.json cannot be read or makes no sense. Else that is the failure. */
export function readStatus(c: Lifecycle, force?: Slot): Action {
  const give = [fail(c.problem)];
  return operation(
    { kind: 'find-status', because: rule('state.json, start time, freezer, exec.fifo') },
    [
      call(c.readState),
      ...when(c.status, 'EQ', Status.DAMAGED, force === undefined ? give : when(force, 'EQ', 0, give)),
    ],
    idOf(c),
  );
}

/** If it has none of these statuses, `then`. */
export function unlessStatus(
  c: Lifecycle,
  statuses: readonly number[],
  then: readonly Line[],
): readonly Line[] {
  return statuses.reduceRight((rest, status) => when(c.status, 'NE', status, rest), then);
}

/** Fail if it has none of these. */
export function checkStatus(
  c: Lifecycle,
  command: OperationOf<'check-status'>['for'],
  statuses: readonly number[],
): Action {
  return operation(
    { kind: 'check-status', for: command, because: rule('runtime.md, operations') },
    unlessStatus(c, statuses, [fail(errnos.EINVAL.number)]),
    idOf(c),
  );
}

export function refusePaused(c: Lifecycle, command: OperationOf<'refuse-paused'>['for']): Action {
  return operation(
    { kind: 'refuse-paused', for: command, because: rule('runtime.md, operations') },
    when(c.status, 'EQ', Status.PAUSED, [fail(errnos.EINVAL.number)]),
    idOf(c),
  );
}

export function entryTrack(
  name: Entry,
  actions: readonly Action[],
  failed: readonly Line[] = [exitReporting(1)],
): Track {
  return { name, actions, failed };
}
