/** The container that `exec` enters: its init is found by pid and start time, and held by a pidfd, which cannot be reused. */
import { errnos } from '../../spec/errno.js';
import { TemplateField } from '../../spec/instructions.js';
import { AT_FDCWD } from '../../spec/kernel.js';
import type { Action } from '../program/action.js';
import { buffer, field, label, slot, slots, text } from '../program/operand.js';
import { fail, failVerbatim, format, guard, jump, type Line, sys, waitReadable } from '../program/step.js';
import { endedMeanwhile } from '../report/operations/launch.js';
import { operation } from './idioms/operation.js';
import { NO_PROCESS, readStartTime } from './idioms/start-time.js';
import { type ProcessLaunch, rule } from './launch/launch.js';
import type { Container } from './views/enter-container.js';

/** What state.json says of it. */
export interface RecordedInit {
  readonly id: string;
  readonly pid: number;
  readonly pidStart: string | null;
}

export function containerOf({ pid }: RecordedInit): Container {
  return { pid: slot('init_pid', pid), pidfd: slot('init_pidfd', -1), root: slot('init_root', -1) };
}

export function findContainer({ open }: ProcessLaunch, recorded: RecordedInit, init: Container): Action {
  const { pid, id, pidStart } = recorded;
  const start = slots('init_start', 2);
  const gone = label('init_gone');
  const found = label('init_found');
  const path = buffer('init_root_path', 40);
  const directory = open.PATH | open.DIRECTORY | open.CLOEXEC;
  return operation({ kind: 'find-container', pid, id, because: rule('state.json') }, [
    sys('pidfd_open', [init.pid, 0], { to: init.pidfd, on: [NO_PROCESS, gone] }),
    ...readStartTime(open, init.pid, start, gone),
    guard(start, 'EQ', BigInt(pidStart ?? 0), errnos.ESRCH.number),
    format(path, ['/proc/', field(TemplateField.DECIMAL, init.pid), '/root']),
    sys('openat', [AT_FDCWD, path, directory, 0], { to: init.root, on: [['ENOENT'], gone] }),
    jump(found),
    gone,
    fail(errnos.ESRCH.number),
    found,
  ]);
}

/** A pid namespace takes all its processes with it when init ends; a caller is to know that it is the container that is gone. */
export function sayIfEnded(init: Container, id: string): readonly Line[] {
  const ended = slot('init_ended');
  const alive = label('init_alive');
  const words = text(endedMeanwhile(id));
  return [
    waitReadable(init.pidfd, 0, { to: ended, on: [['ETIMEDOUT'], alive] }),
    failVerbatim(errnos.ESRCH.number, words, words.size - 1),
    alive,
  ];
}
