import { errnos } from '../../../spec/errno.js';
import { AT_FDCWD, LOCK_UN, SIGKILL } from '../../../spec/kernel.js';
import type { Action, Track } from '../../program/action.js';
import { attempt, repeat, when } from '../../program/control.js';
import { buffer, type Data, type Label, label, ref, type Slot, slot, text } from '../../program/operand.js';
import {
  alu,
  branch,
  call,
  exit,
  fail,
  failVerbatim,
  guard,
  jump,
  type Line,
  load,
  move,
  sys,
  waitReadable,
  walk,
} from '../../program/step.js';
import { FROZEN_WHILE_STARTED, STOPPED_WHILE_STARTED } from '../../report/operations/stored.js';
import { Frost } from '../cgroups/driver.js';
import { unlessDeleted } from '../container/own-directory.js';
import { readinessAtStart } from '../container/readiness.js';
import type { HookActions } from '../hooks/hooks.js';
import { removeFile } from '../idioms/entries.js';
import { holdInterrupts, waitUnlessInterrupted } from '../idioms/interrupts.js';
import { lockWithDeadline } from '../idioms/lock.js';
import { operation } from '../idioms/operation.js';
import { rule } from '../launch/launch.js';
import { HANDED_OVER, type Listener, listenerOf, sendListener } from '../launch/seccomp-listener.js';
import { stateOf } from '../launch/told-state.js';
import { checkStatus, entryTrack, idOf, lock, openContainer, readStatus, refusePaused } from './container.js';
import { Status } from './context.js';
import type { Lifecycle } from './subroutines.js';

export function startTrack(c: Lifecycle, poststart: HookActions, poststop: HookActions): Track {
  const begun = slot('start_begun');
  const { startContainer } = c.launch.config.hooks;
  const hooks = startContainer.length + poststart.actions.length > 0;
  const { dir, pid, pidfd, interrupts, notifySocket: manager } = c;
  const readiness = readinessAtStart(c.launch, dir, { manager, pid, pidfd, interrupts });
  return entryTrack('start', [
    openContainer(c),
    lock(c),
    readStatus(c),
    refusePaused(c, 'start'),
    checkStatus(c, 'start', [Status.CREATED]),
    ...insistThawed(c),
    holdInterrupts(c.interrupts),
    operation({ kind: 'prepare-to-take-back', because: rule('runtime.md, lifecycle') }, [], {
      undo: takeBack(c, begun, poststop),
    }),
    ...readiness.listen,
    ...openGate(c, begun, hooks),
    ...poststart.actions,
    ...readiness.told,
    operation({ kind: 'end', because: rule('start') }, [exit(0)]),
  ]);
}

/** The container is not paused, but init would not hear of it: it has been put into a group below that is. */
function insistThawed(c: Lifecycle): readonly Action[] {
  const { initSensor: sensor } = c;
  if (sensor === null) return [];
  return [
    operation(
      { kind: 'check-init-is-thawed', because: rule('who is frozen never answers') },
      [call(sensor.see), guard(sensor.frost, 'EQ', Frost.THAWED, errnos.EBUSY.number)],
      idOf(c),
    ),
  ];
}

/** Init says nothing: on at `again`, unless it is stopped or frozen. Then the container stays as it is. */
function judgeSilence({ initSensor, initStop: stop }: Lifecycle, begun: Slot, again: Label): readonly Line[] {
  const giveUp = (words: Data): readonly Line[] => [
    move(begun, 0),
    failVerbatim(errnos.EBUSY.number, words, words.size - 1),
  ];
  return [
    ...(stop === null
      ? []
      : [call(stop.see), ...when(stop.stopped, 'NE', 0, giveUp(text(STOPPED_WHILE_STARTED)))]),
    ...(initSensor === null
      ? [jump(again)]
      : [
          call(initSensor.see),
          branch(initSensor.frost, 'EQ', Frost.THAWED, again),
          ...giveUp(text(FROZEN_WHILE_STARTED)),
        ]),
  ];
}

const ANNOUNCED = 'x'.charCodeAt(0);

/** What init writes to exec.err: "x" right before execve, then the words of a failure, or before these the listener of its filter. */
interface Records {
  readonly err: Slot;
  readonly begun: Slot;
  readonly message: Data;
  readonly size: Slot;
  readonly first: Slot;
}

function recordsOf(err: Slot, begun: Slot): Records {
  return {
    err,
    begun,
    message: buffer('err_text', 4097),
    size: slot('err_size'),
    first: slot('err_first'),
  };
}

/** The place of a record that may have come together with the "x" before it. */
function behindAnnouncement({ first, message }: Records, from: Slot): readonly Line[] {
  return [move(from, 0), ...when(first, 'EQ', ANNOUNCED, [move(from, 1)]), alu(from, from, 'ADD', message)];
}

/** Fail with the words of a record. */
function failWithRecord(records: Records): readonly Line[] {
  const { message, first, size } = records;
  const from = slot('err_from');
  return [
    move(from, 0),
    ...when(first, 'EQ', ANNOUNCED, [move(from, 1)]),
    alu(size, size, 'SUB', from),
    alu(from, from, 'ADD', message),
    failVerbatim(errnos.ECHILD.number, ref(from), size),
  ];
}

/** There is no deadline, because hooks may run as long as they like; but one that is frozen or stopped from now on never answers. */
function readRecord(c: Lifecycle, { err, begun, message, size }: Records, again: Label): readonly Line[] {
  return [
    ...attempt(
      ['ETIMEDOUT'],
      silent => waitUnlessInterrupted(c.interrupts, err, 1000, silent),
      judgeSilence(c, begun, again),
    ),
    sys('read', [err, message, 4096], { to: size, on: [['EAGAIN'], again] }),
  ];
}

/** The end of the file alone says that execve happened. `announced`: there was an "x" already. */
function readRecords(c: Lifecycle, records: Records, announced: boolean): readonly Line[] {
  const { message, size, first } = records;
  const total = slot('err_total', announced ? 1 : 0);
  return [
    ...repeat(({ again, leave }) => [
      ...readRecord(c, records, again),
      branch(size, 'EQ', 0, leave),
      load(first, 'U8', message),
      alu(total, total, 'ADD', size),
      ...when(size, 'EQ', 1, [branch(first, 'EQ', ANNOUNCED, again)]),
      ...failWithRecord(records),
    ]),
    ...when(total, 'EQ', 0, [...c.groups.whyKilled, fail(errnos.ESRCH.number)]),
  ];
}

/** The listener of the filter comes from init, and goes to its agent; then init goes on. */
function passListener(c: Lifecycle, listener: Listener, records: Records, fifo: Slot): Action {
  const { message, size, first } = records;
  const { pid, pidfd, id } = c;
  const from = slot('listener_from');
  const mark = slot('listener_mark');
  const fd = slot('listener_fd', -1);
  const container = { ...stateOf(c.launch, { id, pid }), status: 'created' } as const;
  const { socket, because } = listener;
  return operation({ kind: 'send-listener', socket: socket ?? '', because }, [
    ...repeat(({ again, leave }) => [
      ...readRecord(c, records, again),
      ...when(size, 'EQ', 0, [...c.groups.whyKilled, fail(errnos.ESRCH.number)]),
      load(first, 'U8', message),
      ...when(size, 'EQ', 1, [branch(first, 'EQ', ANNOUNCED, again)]),
      ...behindAnnouncement(records, from),
      load(mark, 'U8', ref(from)),
      branch(mark, 'EQ', HANDED_OVER.MARK, leave),
      ...failWithRecord(records),
    ]),
    load(fd, 'I32', ref(from), HANDED_OVER.FD),
    ...sendListener(listener, { pid, pidfd, fd, container }),
    sys('write', [fifo, text('l'), 1]),
    sys('close', [fifo]),
  ]);
}

function openGate(c: Lifecycle, begun: Slot, hooks: boolean): readonly Action[] {
  const { open } = c.launch;
  const fifo = slot('fifo');
  const err = slot('err');
  const fifoFlags = open.WRONLY | open.NONBLOCK | open.CLOEXEC;
  const records = recordsOf(err, begun);
  const listener = listenerOf(c.launch);
  const opened = [
    sys('openat', [c.dir, text('exec.err'), open.RDONLY | open.NONBLOCK | open.CLOEXEC, 0], { to: err }),
    sys('openat', [c.dir, text('exec.fifo'), fifoFlags, 0], { to: fifo }),
    // Unlinked first: while the name is there the container is called created, which it must not be once its command may run; and where
    // it cannot be removed (a read-only state root), nothing is started.
    sys('unlinkat', [c.dir, text('exec.fifo'), 0]),
    move(begun, 1),
    sys('write', [fifo, text('g'), 1]),
    ...(listener === null ? [sys('close', [fifo])] : []),
    // Nobody has to wait for hooks.
    ...(hooks ? [sys('flock', [c.dir, LOCK_UN])] : []),
  ];
  const executed = [
    ...readRecords(c, records, listener !== null),
    // Somebody may have deleted the container meanwhile, unless the lock was held.
    ...removeFile(c.dir, text('exec.err')),
    sys('close', [err]),
  ];
  const because = rule('exec.fifo');
  if (listener === null)
    return [operation({ kind: 'open-start-gate', because }, [...opened, ...executed], idOf(c))];
  return [
    operation({ kind: 'open-start-gate', because }, opened, idOf(c)),
    passListener(c, listener, records, fifo),
    operation({ kind: 'await-execve', because: rule('start gate') }, executed),
  ];
}

/**
 * A start that fails after hooks stops and destroys the container, then come poststop hooks (runtime.md, lifecycle steps 7, 9, 12 and 13); so does one that is
 * interrupted. Without hooks a command that cannot be executed leaves a stopped container, as with the others.
 */
function takeBack(c: Lifecycle, begun: Slot, poststop: HookActions): readonly Line[] {
  const { interrupts } = c;
  const hooks = Object.values(c.launch.config.hooks).some(list => list.length > 0);
  // Where somebody else has deleted it, nothing is left to do.
  const deleted = label('container_was_deleted');
  const take = [
    ...lockWithDeadline(c.dir),
    ...unlessDeleted(c.dir, deleted),
    sys('pidfd_send_signal', [c.pidfd, SIGKILL, 0, 0]),
    ...c.groups.thawAll(),
    waitReadable(c.pidfd, 10_000, {}),
    ...c.groups.remove(),
    walk('REMOVE_TREE', [AT_FDCWD, ref(c.stateDir), 0, 0]),
    sys('close', [c.dir]),
    ...poststop.calls,
    deleted,
  ];
  return when(begun, 'NE', 0, hooks ? take : when(interrupts.taken, 'NE', 0, take));
}
