/** What the tracks of the stored program have in common, laid down once. */
import { errnos } from '../../../spec/errno.js';
import { cell, label, slot, slots, text } from '../../program/operand.js';
import {
  alu,
  back,
  branch,
  call,
  jump,
  type Line,
  move,
  type Subroutine,
  scan,
  subroutine,
  sys,
  waitReadable,
} from '../../program/step.js';
import { Frost, type FrostSensor } from '../cgroups/driver.js';
import { CREATING } from '../container/own-directory.js';
import { hasGateError } from '../container/state.js';
import { lockWithDeadline } from '../idioms/lock.js';
import { readStartTime } from '../idioms/start-time.js';
import { readWhole } from '../idioms/whole.js';
import { type Context, Status } from './context.js';

export interface Lifecycle extends Context {
  /** The paths of the cgroups, which have the id in them. */
  readonly nameCgroups: Subroutine;
  readonly takeLock: Subroutine;
  /** Sets pid, pidfd and status. */
  readonly readState: Subroutine;
  /** Of init, in whichever group it is. */
  readonly initSensor: FrostSensor | null;
}

/** Another command that holds the lock is given ten seconds. */
function takeLock(c: Context): Subroutine {
  return subroutine('take_lock', lockWithDeadline(c.dir));
}

/** A fifo that somebody holds open means that he is at work; one that was killed holds it no more. */
function ifHeld(c: Context, fifo: string, status: number): readonly Line[] {
  const { open } = c.launch;
  const fd = slot('fifo_held');
  const free = label('fifo_free');
  return [
    sys('openat', [c.dir, text(fifo), open.WRONLY | open.NONBLOCK | open.NOFOLLOW | open.CLOEXEC, 0], {
      to: fd,
      on: [['ENOENT', 'ENXIO', 'ELOOP'], free],
    }),
    sys('close', [fd]),
    move(c.status, status),
    back(),
    free,
  ];
}

/** state.json -> pid and status (runtime.md "State"; the derivation that runc and crun share). */
function readState(c: Context, { see, frost }: FrostSensor): Subroutine {
  const { open } = c.launch;
  const { prestart, createRuntime, createContainer } = c.launch.config.hooks;
  const atCreate = prestart.length + createRuntime.length + createContainer.length > 0;
  const unseen = label('is_unseen');
  const fd = slot('state_fd');
  const at = slots('state_at', 2);
  const start = slots('state_start', 2);
  const actual = slots('actual_start', 2);
  const dead = slot('is_dead');
  const colon = ':'.charCodeAt(0);
  const creating = label('is_creating');
  const stopped = label('is_stopped');
  const paused = label('is_paused');
  const noGate = label('no_gate');
  const alive = label('is_alive');
  const notOpened = label('state_not_opened');
  const notRead = label('state_not_read');
  const nonsense = label('state_is_nonsense');
  const unless = { on: [['EINVAL', 'ENOENT', 'ERANGE'], nonsense] } as const;
  const json = { buffer: c.state, length: c.stateSize } as const;
  return subroutine('read_state', [
    // Nobody but root can put something else in its place, but whoever did should not make us wait.
    sys(
      'openat',
      [c.dir, text('state.json'), open.RDONLY | open.CLOEXEC | open.NOFOLLOW | open.NONBLOCK, 0],
      { to: fd, on: [['ENOENT', 'ELOOP'], notOpened] },
    ),
    ...readWhole(fd, c.state, c.stateSize, notRead),
    sys('close', [fd]),
    scan('SKIP', { ...json, byte: colon, count: 1 }, { to: at, ...unless }),
    scan('NUMBER', { ...json, start: at }, { to: at, ...unless }),
    move(c.pid, at),
    scan('SKIP', { ...json, byte: colon, count: 2 }, { to: at, ...unless }),
    scan('NUMBER', { ...json, start: at }, { to: start, ...unless }),
    move(c.recorded, c.pid),
    alu(c.rest, cell(start, 1), 'ADD', 1),
    alu(cell(c.rest, 1), c.stateSize, 'SUB', c.rest),
    sys('pidfd_open', [c.pid, 0], { to: c.pidfd, on: [['ESRCH', 'EINVAL'], unseen] }),
    // The pidfd is open: if the start time is right now, it is our process for good.
    ...readStartTime(open, c.pid, actual, stopped),
    branch(actual, 'NE', start, stopped),
    ...(atCreate ? ifHeld(c, CREATING, Status.PREPARING) : []),
    // A zombie is readable on its pidfd.
    waitReadable(c.pidfd, 0, { to: dead, on: [['ETIMEDOUT'], alive] }),
    jump(stopped),
    alive,
    // Frozen comes before the gate: a container that was paused before its start is paused, and its init does not hear of a start.
    call(see),
    branch(frost, 'NE', Frost.THAWED, paused),
    sys('faccessat2', [c.dir, text('exec.fifo'), 0, 0], { on: [['ENOENT'], noGate] }),
    move(c.status, Status.CREATED),
    back(),
    noGate,
    ...(hasGateError(c.launch) ? ifHeld(c, 'exec.err', Status.STARTING) : []),
    move(c.status, Status.RUNNING),
    back(),
    paused,
    move(c.status, Status.PAUSED),
    back(),
    notOpened,
    branch(fd, 'EQ', -errnos.ENOENT.number, creating),
    alu(c.problem, 0, 'SUB', fd),
    move(c.status, Status.DAMAGED),
    back(),
    notRead,
    alu(c.problem, 0, 'SUB', c.stateSize),
    move(c.status, Status.DAMAGED),
    back(),
    nonsense,
    move(c.problem, errnos.EINVAL.number),
    move(c.status, Status.DAMAGED),
    back(),
    creating,
    move(c.status, Status.CREATING),
    back(),
    unseen,
    // Not by whoever is in the pid namespace of the container, as createContainer hooks are.
    ...(atCreate ? ifHeld(c, CREATING, Status.PREPARING) : []),
    stopped,
    move(c.status, Status.STOPPED),
    move(c.pid, 0),
  ]);
}

export function createLifecycle(c: Context): Lifecycle {
  return {
    ...c,
    initSensor: c.groups.frostOf(c.pid),
    nameCgroups: subroutine('name_cgroups', c.groups.name),
    takeLock: takeLock(c),
    readState: readState(c, c.groups.frost),
  };
}
