/**
 * `tree release --drain`: nobody gets in any more, and those who are in are waited for. Who that is only TypeScript finds out (state files, /proc), so the
 * command is handed over to it again when all of them have ended: there may be others by then. Interrupted, it lets launches in again.
 */
import type { Arch } from '../../spec/image.js';
import { AT_FDCWD, LOCK_SH, openFlags, SIG_SETMASK, SIGSET_SIZE } from '../../spec/kernel.js';
import type { Action, Program } from '../program/action.js';
import { ignoring } from '../program/control.js';
import { slot, struct, text, u64 } from '../program/operand.js';
import { handover, sys } from '../program/step.js';
import { hostProgram } from './idioms/host-program.js';
import {
  createInterrupts,
  holdInterrupts,
  type Interrupts,
  waitUnlessInterrupted,
} from './idioms/interrupts.js';
import { operation } from './idioms/operation.js';
import { NO_PROCESS } from './idioms/start-time.js';
import { rule } from './launch/launch.js';

export interface DrainInput {
  readonly arch: Arch;
  /** Pids of those who are in. */
  readonly holders: readonly number[];
  /** How long they are waited for: then launches are let in again, and the command fails. Null: for ever. */
  readonly milliseconds?: number | null;
  /** Records as they are called now, and as they are called while launches may use them. */
  readonly records: readonly { readonly closed: string; readonly open: string }[];
  /** For people, with its newline. */
  readonly message: string;
}

/** More are waited for in the next round. */
const AT_ONCE = 64;

function waitFor(pid: number, interrupts: Interrupts, milliseconds: number): Action {
  const pidfd = slot('holder_pidfd');
  return operation(
    { kind: 'await-holder', pid, because: rule('--drain') },
    ignoring(NO_PROCESS, ended => [
      sys('pidfd_open', [pid, 0], { to: pidfd, ...ended }),
      ...waitUnlessInterrupted(interrupts, pidfd, milliseconds),
      sys('close', [pidfd]),
    ]),
  );
}

export function compileDrain({ arch, holders, milliseconds = null, records, message }: DrainInput): Program {
  const interrupts = createInterrupts();
  const open = openFlags(arch);
  const locks = records.map(({ closed }) => ({ closed, fd: slot('closed_record', -1) }));
  const actions: readonly Action[] = [
    holdInterrupts(interrupts),
    operation(
      {
        kind: 'hold-closed-records',
        records: records.map(one => one.closed),
        because: rule('a lock tells it from one that was abandoned'),
      },
      locks.flatMap(({ closed, fd }) => [
        sys('openat', [AT_FDCWD, text(closed), open.RDONLY | open.CLOEXEC, 0], { to: fd }),
        sys('flock', [fd, LOCK_SH]),
      ]),
    ),
    operation(
      { kind: 'print-holders', pids: holders, because: rule('--drain') },
      [sys('write', [2, text(message), Buffer.byteLength(message)])],
      {
        undo: records.map(one => sys('renameat2', [AT_FDCWD, text(one.closed), AT_FDCWD, text(one.open), 0])),
      },
    ),
    // With a deadline one by one: what is left of it is known anew each time.
    ...holders
      .slice(0, milliseconds === null ? AT_ONCE : 1)
      .map(pid => waitFor(pid, interrupts, milliseconds ?? -1)),
    operation({ kind: 'look-for-holders', because: rule('--drain') }, [
      sys('rt_sigprocmask', [SIG_SETMASK, struct('no signals', [u64(0)], true), 0, SIGSET_SIZE]),
      // The command closes the records once more.
      ...locks.map(({ fd }) => sys('close', [fd])),
      handover(),
    ]),
  ];
  return hostProgram(arch, actions);
}
