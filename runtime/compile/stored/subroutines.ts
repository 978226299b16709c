/** What the tracks of the stored program have in common, laid down once. */
import { type ErrnoName, errnos } from '../../../spec/errno.js';
import {
  AT_SYMLINK_NOFOLLOW,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  STATX_BASIC_STATS,
  Statx,
} from '../../../spec/kernel.js';
import { attempt, ignoring, when } from '../../program/control.js';
import { buffer, cell, type Label, label, type Slot, slot, slots, text } from '../../program/operand.js';
import {
  alu,
  back,
  branch,
  call,
  jump,
  type Line,
  load,
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
import { NO_PROCESS, readStartTime, type StopSensor, stopSensor } from '../idioms/start-time.js';
import { readWhole } from '../idioms/whole.js';
import { joinsPids } from '../launch/launch.js';
import { type Context, Status } from './context.js';

export interface Lifecycle extends Context {
  /** The paths of the cgroups, which have the id in them. */
  readonly nameCgroups: Subroutine;
  readonly takeLock: Subroutine;
  /** Sets pid, pidfd and status. */
  readonly readState: Subroutine;
  /** Of init, in whichever group it is. */
  readonly initSensor: FrostSensor | null;
  /** Of init, where others than the caller may stop it. */
  readonly initStop: StopSensor | null;
}

/** Another command that holds the lock is given ten seconds. */
function takeLock(c: Context): Subroutine {
  return subroutine('take_lock', lockWithDeadline(c.dir));
}

/** The end of read_state. */
function is(c: Context, status: number): readonly Line[] {
  return [move(c.status, status), back()];
}

/** `failed`: holds what the kernel said, -errno. */
function isDamaged(c: Context, failed: Slot): readonly Line[] {
  return [alu(c.problem, 0, 'SUB', failed), ...is(c, Status.DAMAGED)];
}

/** A fifo that somebody holds open means that he is at work; one that was killed holds it no more. */
function ifHeld(c: Context, fifo: string, status: number): readonly Line[] {
  const { open } = c.launch;
  const fd = slot('fifo_held');
  const flags = open.WRONLY | open.NONBLOCK | open.NOFOLLOW | open.CLOEXEC;
  return ignoring(['ENOENT', 'ENXIO', 'ELOOP'], free => [
    sys('openat', [c.dir, text(fifo), flags, 0], { to: fd, ...free }),
    sys('close', [fd]),
    ...is(c, status),
  ]);
}

/** What is no regular file, or too large for state.json, is not opened: a device might do something, and others might make us wait. `failed`: -errno. */
function insistOnFile(c: Context, failed: Slot, unreadable: Label): readonly Line[] {
  const stat = buffer('state_stat', 256);
  const kind = slot('state_kind');
  const size = slot('state_file_size');
  const refuse = (errno: ErrnoName): readonly Line[] => [
    move(failed, -errnos[errno].number),
    jump(unreadable),
  ];
  return [
    sys('statx', [c.dir, text('state.json'), AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, stat], {
      on: [['ENOENT'], unreadable],
      to: failed,
    }),
    load(kind, 'U16', stat, Statx.MODE),
    alu(kind, kind, 'AND', S_IFMT),
    ...when(kind, 'EQ', S_IFLNK, refuse('ELOOP')),
    ...when(kind, 'EQ', S_IFDIR, refuse('EISDIR')),
    ...when(kind, 'NE', S_IFREG, refuse('EINVAL')),
    load(size, 'U64', stat, Statx.SIZE),
    ...when(size, 'GE', c.state.size, refuse('EFBIG')),
  ];
}

/** state.json into the context. */
function readFile(c: Context): readonly Line[] {
  const { open } = c.launch;
  const fd = slot('state_fd');
  const failed = slot('state_failed');
  const flags = open.RDONLY | open.CLOEXEC | open.NOFOLLOW | open.NONBLOCK;
  const unreadable = label('state_not_read');
  const [tooLong, notOpened] = [label('state_too_long'), label('state_not_opened')];
  const read = label('state_is_read');
  return [
    ...insistOnFile(c, failed, unreadable),
    sys('openat', [c.dir, text('state.json'), flags, 0], { to: fd, on: [['ENOENT', 'ELOOP'], notOpened] }),
    ...readWhole(fd, c.state, c.stateSize, tooLong),
    sys('close', [fd]),
    jump(read),
    tooLong,
    sys('close', [fd]),
    move(failed, c.stateSize),
    jump(unreadable),
    notOpened,
    move(failed, fd),
    unreadable,
    ...when(failed, 'EQ', -errnos.ENOENT.number, is(c, Status.CREATING)),
    ...isDamaged(c, failed),
    read,
  ];
}

/** Its first two numbers: pid and start time. */
function parse(c: Context, start: Slot): readonly Line[] {
  const at = slots('state_at', 2);
  const json = { buffer: c.state, length: c.stateSize } as const;
  const colon = ':'.charCodeAt(0);
  return attempt(
    ['EINVAL', 'ENOENT', 'ERANGE'],
    nonsense => [
      scan('SKIP', { ...json, byte: colon, count: 1 }, { to: at, ...nonsense }),
      scan('NUMBER', { ...json, start: at }, { to: at, ...nonsense }),
      move(c.pid, at),
      scan('SKIP', { ...json, byte: colon, count: 2 }, { to: at, ...nonsense }),
      scan('NUMBER', { ...json, start: at }, { to: start, ...nonsense }),
      move(c.recorded, c.pid),
      alu(c.rest, cell(start, 1), 'ADD', 1),
      alu(cell(c.rest, 1), c.stateSize, 'SUB', c.rest),
    ],
    [move(c.problem, errnos.EINVAL.number), ...is(c, Status.DAMAGED)],
  );
}

/** state.json -> pid and status (runtime.md "State"; the derivation that runc and crun share). */
function readState(c: Context, { see, frost }: FrostSensor): Subroutine {
  const { open } = c.launch;
  const { prestart, createRuntime, createContainer } = c.launch.config.hooks;
  const atCreate = prestart.length + createRuntime.length + createContainer.length > 0;
  const start = slots('state_start', 2);
  const actual = slots('actual_start', 2);
  const dead = slot('is_dead');
  const stopped = label('is_stopped');
  const preparing = (): readonly Line[] => (atCreate ? ifHeld(c, CREATING, Status.PREPARING) : []);
  return subroutine('read_state', [
    ...readFile(c),
    ...parse(c, start),
    ...attempt(NO_PROCESS, unseen => [sys('pidfd_open', [c.pid, 0], { to: c.pidfd, ...unseen })], [
      // Not by whoever is in the pid namespace of the container, as createContainer hooks are.
      ...preparing(),
      jump(stopped),
    ]),
    // The pidfd is open: if the start time is right now, it is our process for good.
    ...readStartTime(open, c.pid, actual, stopped),
    branch(actual, 'NE', start, stopped),
    ...preparing(),
    // A zombie is readable on its pidfd.
    ...ignoring(['ETIMEDOUT'], alive => [waitReadable(c.pidfd, 0, { to: dead, ...alive }), jump(stopped)]),
    // Frozen comes before the gate: a container that was paused before its start is paused, and its init does not hear of a start.
    call(see),
    ...when(frost, 'NE', Frost.THAWED, is(c, Status.PAUSED)),
    ...ignoring(['ENOENT'], started => [
      sys('faccessat2', [c.dir, text('exec.fifo'), 0, 0], started),
      ...is(c, Status.CREATED),
    ]),
    ...(hasGateError(c.launch) ? ifHeld(c, 'exec.err', Status.STARTING) : []),
    ...is(c, Status.RUNNING),
    stopped,
    move(c.pid, 0),
    ...is(c, Status.STOPPED),
  ]);
}

export function createLifecycle(c: Context): Lifecycle {
  return {
    ...c,
    initSensor: c.groups.frostOf(c.pid),
    initStop: joinsPids(c.launch) ? stopSensor(c.launch.open, c.pid) : null,
    nameCgroups: subroutine('name_cgroups', c.groups.name),
    takeLock: takeLock(c),
    readState: readState(c, c.groups.frost),
  };
}
