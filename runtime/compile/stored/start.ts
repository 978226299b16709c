import { errnos } from '../../../spec/errno.js';
import { AT_FDCWD, LOCK_UN, SIGKILL } from '../../../spec/kernel.js';
import { type Action, action, type Track } from '../../program/action.js';
import { buffer, label, ref, type Slot, slot, text } from '../../program/operand.js';
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
import { Frost } from '../cgroups/driver.js';
import { unlessDeleted } from '../container/own-directory.js';
import type { HookActions } from '../hooks/hooks.js';
import { holdInterrupts, waitUnlessInterrupted } from '../idioms/interrupts.js';
import { lockWithDeadline } from '../idioms/lock.js';
import { rule } from '../launch/launch.js';
import {
  cannot,
  container,
  entryTrack,
  lock,
  NOT_RUNNING,
  notRunning,
  openContainer,
  readStatus,
  unless,
} from './container.js';
import { Status } from './context.js';
import type { Lifecycle } from './subroutines.js';

export function startTrack(c: Lifecycle, poststart: HookActions, poststop: HookActions): Track {
  const begun = slot('start_begun');
  const { startContainer } = c.launch.config.hooks;
  const hooks = startContainer.length + poststart.actions.length > 0;
  return entryTrack('start', [
    openContainer(c),
    lock(c),
    readStatus(c),
    unless(c, Status.PAUSED, 'cannot be started: it is paused; resume it first'),
    notRunning(
      c,
      [Status.CREATED],
      `cannot be started: it is not in the state created (${NOT_RUNNING} or running already)`,
    ),
    ...insistThawed(c),
    holdInterrupts(c.interrupts),
    action(
      {
        title: 'prepare to take the container back',
        because: rule('runtime.md, lifecycle'),
        undo: takeBack(c, begun, poststop),
      },
      [],
    ),
    openGate(c, begun, hooks),
    ...poststart.actions,
    action({ title: 'end', because: rule('start') }, [exit(0)]),
  ]);
}

/** The container is not paused, but init would not hear of it: it has been put into a group below that is. */
function insistThawed(c: Lifecycle): readonly Action[] {
  const { initSensor: sensor } = c;
  if (sensor === null) return [];
  return [
    action(
      {
        title: 'see that init is not frozen',
        because: rule('who is frozen never answers'),
        words: container(
          c,
          'cannot be started: the cgroup that init is in is frozen, below that of the container or elsewhere; thaw it first',
        ),
      },
      [call(sensor.see), guard(sensor.frost, 'EQ', Frost.THAWED, errnos.EBUSY.number)],
    ),
  ];
}

function openGate(c: Lifecycle, begun: Slot, hooks: boolean): Action {
  const { open } = c.launch;
  const fifo = slot('fifo');
  const err = slot('err');
  const size = slot('err_size');
  const total = slot('err_total');
  const message = buffer('err_text', 4097);
  const again = label('read_again');
  const over = label('read_over');
  const bad = label('exec_failed');
  const good = label('exec_happened');
  const first = slot('err_first');
  const from = slot('err_from');
  const end = label('read_end');
  const gone = label('gate_is_gone');
  const silent = label('no_answer');
  const paused = text(
    'the container was frozen while it was being started; its command begins once it is thawed',
  );
  return action(
    {
      title: 'open the gate',
      because: rule('exec.fifo'),
      words: cannot(c, 'start container'),
    },
    [
      sys('openat', [c.dir, text('exec.err'), open.RDONLY | open.NONBLOCK | open.CLOEXEC, 0], { to: err }),
      sys('openat', [c.dir, text('exec.fifo'), open.WRONLY | open.NONBLOCK | open.CLOEXEC, 0], {
        to: fifo,
      }),
      // Unlinked first: while the name is there the container is called created, which it must not be once its command may run; and where
      // it cannot be removed (a read-only state root), nothing is started.
      sys('unlinkat', [c.dir, text('exec.fifo'), 0]),
      move(begun, 1),
      sys('write', [fifo, text('g'), 1]),
      sys('close', [fifo]),
      // Nobody has to wait for hooks.
      ...(hooks ? [sys('flock', [c.dir, LOCK_UN])] : []),
      again,
      // There is no deadline, because hooks may run as long as they like; but one that is frozen from now on never answers.
      ...waitUnlessInterrupted(c.interrupts, err, 1000, { on: [['ETIMEDOUT'], silent] }),
      // A record is "x" right before execve, then the words of a failure; the end of the file alone says that execve happened.
      sys('read', [err, message, 4096], { to: size, on: [['EAGAIN'], again] }),
      branch(size, 'EQ', 0, over),
      load(first, 'U8', message),
      alu(total, total, 'ADD', size),
      branch(size, 'GT', 1, bad),
      branch(first, 'NE', 'x'.charCodeAt(0), bad),
      jump(again),
      over,
      branch(total, 'NE', 0, good),
      ...c.groups.whyKilled,
      fail(errnos.ESRCH.number),
      bad,
      move(from, 0),
      branch(first, 'NE', 'x'.charCodeAt(0), end),
      move(from, 1),
      end,
      alu(size, size, 'SUB', from),
      alu(from, from, 'ADD', message),
      failVerbatim(errnos.ECHILD.number, ref(from), size),
      silent,
      ...(c.initSensor === null
        ? [jump(again)]
        : [call(c.initSensor.see), branch(c.initSensor.frost, 'EQ', Frost.THAWED, again)]),
      // It stays as it is.
      move(begun, 0),
      failVerbatim(errnos.EBUSY.number, paused, paused.size - 1),
      good,
      // Somebody may have deleted the container meanwhile, unless the lock was held.
      sys('unlinkat', [c.dir, text('exec.err'), 0], { on: [['ENOENT'], gone] }),
      gone,
      sys('close', [err]),
    ],
  );
}

/**
 * A start that fails after hooks stops and destroys the container, then come poststop hooks (runtime.md, lifecycle steps 7, 9, 12 and 13); so does one that is
 * interrupted. Without hooks a command that cannot be executed leaves a stopped container, as with the others.
 */
function takeBack(c: Lifecycle, begun: Slot, poststop: HookActions): readonly Line[] {
  const { interrupts } = c;
  const hooks = Object.values(c.launch.config.hooks).some(list => list.length > 0);
  const leave = label('leave_container');
  return [
    branch(begun, 'EQ', 0, leave),
    ...(hooks ? [] : [branch(interrupts.taken, 'EQ', 0, leave)]),
    ...lockWithDeadline(c.dir),
    ...unlessDeleted(c.dir, leave),
    sys('pidfd_send_signal', [c.pidfd, SIGKILL, 0, 0]),
    ...c.groups.thawAll(),
    waitReadable(c.pidfd, 10_000, {}),
    ...c.groups.remove(),
    walk('REMOVE_TREE', [AT_FDCWD, ref(c.stateDir), 0, 0]),
    sys('close', [c.dir]),
    ...poststop.calls,
    leave,
  ];
}
