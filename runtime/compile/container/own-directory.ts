/**
 * ROOT/ID while hooks are at work: the lock is not held, so that others can look, kill and delete (runc and crun hold none at that time); afterwards it is
 * taken again, and whoever finds the directory without a link knows that the container was deleted.
 */

import { errnos } from '../../../spec/errno.js';
import { AT_EMPTY_PATH, LOCK_UN, STATX_BASIC_STATS, Statx } from '../../../spec/kernel.js';
import type { Action } from '../../program/action.js';
import { when } from '../../program/control.js';
import { buffer, type Label, label, type Slot, slot, text } from '../../program/operand.js';
import {
  back,
  branch,
  call,
  failVerbatim,
  jump,
  type Line,
  load,
  move,
  subroutine,
  sys,
} from '../../program/step.js';
import { DELETED_WHILE_CREATED } from '../../report/operations/container.js';
import { lockWithDeadline } from '../idioms/lock.js';
import { operation } from '../idioms/operation.js';
import { type Launch, rule } from '../launch/launch.js';

/** A fifo in ROOT/ID that `create` or `run` holds open as long as it is not through with its hooks: the status is creating. */
export const CREATING = 'creating';

/** Goes on at `deleted` if somebody has removed the directory; its name may be another container's by now. */
export function unlessDeleted(directory: Slot, deleted: Label): readonly Line[] {
  const stat = buffer('directory_stat', 256);
  const links = slot('directory_links');
  return [
    sys('statx', [directory, text(''), AT_EMPTY_PATH, STATX_BASIC_STATS, stat]),
    load(links, 'U32', stat, Statx.LINKS),
    branch(links, 'EQ', 0, deleted),
  ];
}

export function unlock({ cells }: Launch): readonly Line[] {
  return [move(cells.unlocked, 1), sys('flock', [cells.stateFd, LOCK_UN])];
}

/** If the lock was given up: take it again, and go on at `deleted` if there is nothing to hold any more; at `late` if somebody else keeps it. */
export function lockAgain({ cells }: Launch, deleted: Label, late?: Label): readonly Line[] {
  return when(cells.unlocked, 'NE', 0, [
    ...lockWithDeadline(cells.stateFd, late),
    ...unlessDeleted(cells.stateFd, deleted),
    move(cells.unlocked, 0),
  ]);
}

export interface Opening {
  /** Before the first hook of create. */
  readonly begin: Action;
  /** After the last one. */
  readonly end: Action;
  /** Steps that know better why init has ended. */
  readonly why: readonly Line[];
}

export function letOthersIn(launch: Launch): Opening {
  const { cells, open } = launch;
  const fifo = slot('creating_fifo', -1);
  const deleted = label('container_was_deleted');
  const there = label('container_is_there');
  const nothing = label('container_is_gone');
  const words = text(DELETED_WHILE_CREATED);
  const say = failVerbatim(errnos.ENOENT.number, words, words.size - 1);
  return {
    begin: operation({ kind: 'let-others-in', because: rule('creating') }, [
      sys('mknodat', [cells.stateFd, text(CREATING), 0o010600, 0]),
      sys('openat', [cells.stateFd, text(CREATING), open.RDWR | open.CLOEXEC, 0], { to: fifo }),
      ...unlock(launch),
    ]),
    end: operation({ kind: 'lock-again', because: rule('one command at a time') }, [
      ...lockAgain(launch, deleted),
      sys('unlinkat', [cells.stateFd, text(CREATING), 0]),
      sys('close', [fifo]),
      jump(there),
      deleted,
      say,
      there,
    ]),
    why: [
      call(subroutine('say_if_deleted', [...unlessDeleted(cells.stateFd, nothing), back(), nothing, say])),
    ],
  };
}
