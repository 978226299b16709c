/**
 * What every stored command begins with: the state directory, its lock, the pid, the status.
 */
import type { Entry } from '../../../spec/commands.js';
import { errnos } from '../../../spec/errno.js';
import { TemplateField } from '../../../spec/instructions.js';
import { AT_FDCWD, LOCK_EX, LOCK_NB } from '../../../spec/kernel.js';
import { type Action, action, failedErrno, type Track } from '../../program/action.js';
import {
  cell,
  field,
  type Label,
  label,
  ref,
  slot,
  slots,
  struct,
  text,
  u64,
} from '../../program/operand.js';
import {
  alu,
  branch,
  exitReporting,
  fail,
  jump,
  type Line,
  move,
  scan,
  sys,
  waitReadable,
} from '../../program/step.js';
import { rule } from '../launch.js';
import { readStartTime } from '../state.js';

import { type Lifecycle, Status } from './context.js';
import { frozen } from './freezer.js';

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
        {
          to: c.dir,
          ...(missing ? { on: [['ENOENT'], missing] as const } : {}),
        },
      ),
      ...c.plan.formats,
    ],
  );
}

/** Another command that holds the lock is given ten seconds. */
export function lock(c: Lifecycle): Action {
  const again = label('lock_again');
  const held = label('lock_held');
  const got = label('lock_got');
  const tries = slot('lock_tries');
  return action(
    {
      title: 'lock the state directory',
      because: rule('one command at a time'),
      words: [
        'container `',
        field(TemplateField.STRING, c.id),
        '` is busy: another command has held its lock for 10 s',
      ],
    },
    [
      again,
      sys('flock', [c.dir, LOCK_EX | LOCK_NB], { on: [['EAGAIN'], held] }),
      jump(got),
      held,
      sys('nanosleep', [struct('10ms', [u64(0), u64(10_000_000)], true), 0]),
      alu(tries, tries, 'ADD', 1),
      branch(tries, 'LT', 1000, again),
      fail(errnos.EBUSY.number),
      got,
    ],
  );
}

/**
 * state.json -> pid and status (runtime.md "State"; the derivation that runc and crun share). `damaged`: where to go on when
 * state.json cannot be read or makes no sense; without it, that is the failure.
 */
export function readStatus(c: Lifecycle, damaged?: Label): Action {
  const { open } = c.launch;
  const unless = damaged === undefined ? {} : { on: [['EINVAL', 'ENOENT', 'ERANGE'], damaged] as const };
  const fd = slot('state_fd');
  const at = slots('state_at', 2);
  const start = slots('state_start', 2);
  const actual = slots('actual_start', 2);
  const colon = ':'.charCodeAt(0);
  const creating = label('is_creating');
  const stopped = label('is_stopped');
  const known = label('is_known');
  const noGate = label('no_gate');
  const zombie = slot('is_dead');
  const alive = label('is_alive');
  const freezer = frozen(c, known);
  return action(
    {
      title: 'find out the status',
      because: rule('state.json, start time, exec.fifo, freezer'),
      words: [
        'read the state of container `',
        field(TemplateField.STRING, c.id),
        '`: ',
        field(TemplateField.ERRNO, failedErrno),
        ' (state.json; `delete --force` removes the container)',
      ],
    },
    [
      // Nobody but root can put something else in its place, but whoever did should not make us wait.
      sys(
        'openat',
        [c.dir, text('state.json'), open.RDONLY | open.CLOEXEC | open.NOFOLLOW | open.NONBLOCK, 0],
        { to: fd, on: [damaged === undefined ? ['ENOENT'] : ['ENOENT', 'ELOOP'], creating] },
      ),
      sys('read', [fd, c.state, (1 << 20) - 1], {
        to: c.stateSize,
        ...(damaged === undefined ? {} : { on: [['EISDIR'], damaged] as const }),
      }),
      sys('close', [fd]),
      scan('SKIP', { buffer: c.state, length: c.stateSize, byte: colon, count: 1 }, { to: at, ...unless }),
      scan('NUMBER', { buffer: c.state, length: c.stateSize, start: at }, { to: at, ...unless }),
      move(c.pid, at),
      scan('SKIP', { buffer: c.state, length: c.stateSize, byte: colon, count: 2 }, { to: at, ...unless }),
      scan('NUMBER', { buffer: c.state, length: c.stateSize, start: at }, { to: start, ...unless }),
      alu(c.rest, cell(start, 1), 'ADD', 1),
      alu(cell(c.rest, 1), c.stateSize, 'SUB', c.rest),
      sys('pidfd_open', [c.pid, 0], { to: c.pidfd, on: [['ESRCH', 'EINVAL'], stopped] }),
      // The pidfd is open: if the start time is right now, it is our process for good.
      ...readStartTime(open, c.pid, actual, stopped),
      branch(actual, 'NE', start, stopped),
      // A zombie is readable on its pidfd.
      waitReadable(c.pidfd, 0, { to: zombie, on: [['ETIMEDOUT'], alive] }),
      jump(stopped),
      alive,
      sys('faccessat2', [c.dir, text('exec.fifo'), 0, 0], { on: [['ENOENT'], noGate] }),
      move(c.status, Status.CREATED),
      jump(known),
      noGate,
      move(c.status, Status.RUNNING),
      ...freezer,
      jump(known),
      creating,
      move(c.status, Status.CREATING),
      jump(known),
      stopped,
      move(c.status, Status.STOPPED),
      move(c.pid, 0),
      known,
    ],
  );
}

export function notRunning(c: Lifecycle, statuses: readonly number[], message: string): Action {
  const good = label('status_good');
  return action(
    {
      title: `insist: ${message}`,
      because: rule('runtime.md, operations'),
      words: ['container `', field(TemplateField.STRING, c.id), `\` ${message}`],
    },
    [...statuses.map(s => branch(c.status, 'EQ', s, good)), fail(errnos.EINVAL.number), good],
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
