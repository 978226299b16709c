import { errnos } from '../../../spec/errno.js';
import { TemplateField } from '../../../spec/instructions.js';
import { action, failedErrno, type Track } from '../../program/action.js';
import { buffer, field, label, ref, slot, text } from '../../program/operand.js';
import {
  alu,
  branch,
  call,
  exit,
  fail,
  failVerbatim,
  jump,
  load,
  move,
  sys,
  waitReadable,
} from '../../program/step.js';
import { Frost } from '../cgroups/freezer.js';
import { sayIfOutOfMemory } from '../cgroups/out-of-memory.js';
import type { HookActions } from '../hooks.js';
import { rule } from '../launch.js';
import { entryTrack, lock, NOT_RUNNING, notRunning, openContainer, readStatus, unless } from './container.js';
import { Status } from './context.js';
import type { Lifecycle } from './subroutines.js';

export function startTrack(c: Lifecycle, poststart: HookActions): Track {
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
  const silent = label('no_answer');
  const paused = text(
    'the container was frozen while it was being started; its command begins once it is thawed',
  );
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
    action(
      {
        title: 'open the gate',
        because: rule('exec.fifo'),
        words: [
          'start container `',
          field(TemplateField.STRING, c.id),
          '`: ',
          field(TemplateField.ERRNO, failedErrno),
        ],
      },
      [
        sys('openat', [c.dir, text('exec.err'), open.RDONLY | open.NONBLOCK | open.CLOEXEC, 0], { to: err }),
        sys('openat', [c.dir, text('exec.fifo'), open.WRONLY | open.NONBLOCK | open.CLOEXEC, 0], {
          to: fifo,
        }),
        // Unlinked first: while the name is there the container is called created, which it must not be once its command may run; and where
        // it cannot be removed (a read-only state root), nothing is started.
        sys('unlinkat', [c.dir, text('exec.fifo'), 0]),
        sys('write', [fifo, text('g'), 1]),
        sys('close', [fifo]),
        again,
        // There is no deadline, because hooks may run as long as they like; but one that is frozen from now on never answers.
        waitReadable(err, 1000, { to: size, on: [['ETIMEDOUT'], silent] }),
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
        ...sayIfOutOfMemory(c.launch, c.plan),
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
        call(c.sensor.see),
        branch(c.sensor.frost, 'EQ', Frost.THAWED, again),
        failVerbatim(errnos.EBUSY.number, paused, paused.size - 1),
        good,
        sys('unlinkat', [c.dir, text('exec.err'), 0]),
      ],
    ),
    ...poststart.actions,
    action({ title: 'end', because: rule('start') }, [exit(0)]),
  ]);
}
