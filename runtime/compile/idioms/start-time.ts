import { type ErrnoName, errnos } from '../../../spec/errno.js';
import { TemplateField } from '../../../spec/instructions.js';
import { AT_FDCWD, type OpenFlags } from '../../../spec/kernel.js';
import { attempt, when } from '../../program/control.js';
import {
  buffer,
  type Data,
  field,
  type Label,
  label,
  type Slot,
  slot,
  slots,
  text,
} from '../../program/operand.js';
import {
  alu,
  failVerbatim,
  format,
  jump,
  type Line,
  load,
  move,
  type Subroutine,
  scan,
  subroutine,
  sys,
} from '../../program/step.js';
import { NO_PROCFS } from '../../report/operations/launch.js';

/** What pidfd_open(2) says of a number that no process has: none at all, or a thread's (EINVAL; ENOENT on Linux 6.18). */
export const NO_PROCESS: readonly ErrnoName[] = ['ESRCH', 'EINVAL', 'ENOENT'];

/** The line of /proc/PID/stat, and what is in it. */
export interface StatLine {
  readonly content: Data;
  readonly size: Slot;
  /** Of the last ")": the command may hold blanks and parentheses; behind it there are none. */
  readonly at: Slot;
}

/** What is not there has ended only if anything is. */
function insistOnProcfs(): readonly Line[] {
  const words = text(NO_PROCFS);
  return attempt(['ENOENT'], not => [sys('faccessat2', [AT_FDCWD, text('/proc/self'), 0, 0], not)], [
    failVerbatim(errnos.ENOENT.number, words, words.size - 1),
  ]);
}

export const lastParenthesis = ({ content, size, at }: StatLine): readonly Line[] => [
  scan('FIND_LAST', { buffer: content, length: size, byte: 0x29 }, { to: at }),
];

/** The state of the process, a letter: behind `lastParenthesis`, where it leaves `at`. */
export const letterIn = ({ content, at }: StatLine, to: Slot): readonly Line[] => [
  alu(to, at, 'ADD', 2),
  load(to, 'U8', content, to),
];

/** Field 22, behind `lastParenthesis`. */
export const startIn = ({ content, size: length, at }: StatLine, to: Slot): readonly Line[] => [
  scan('SKIP', { buffer: content, length, start: at, byte: 0x20, count: 20 }, { to: at }),
  scan('NUMBER', { buffer: content, length, start: at }, { to }),
];

function readLine(open: OpenFlags, pid: Slot, { content, size, at }: StatLine, gone: Label): readonly Line[] {
  const path = buffer('stat_path', 40);
  const fd = slot('stat_fd');
  return [
    format(path, ['/proc/', field(TemplateField.DECIMAL, pid), '/stat']),
    ...attempt(
      ['ENOENT', 'ESRCH'],
      not => [sys('openat', [AT_FDCWD, path, open.RDONLY | open.CLOEXEC, 0], { to: fd, ...not })],
      [...insistOnProcfs(), jump(gone)],
    ),
    sys('read', [fd, content, 1023], { to: size, on: [['ESRCH'], gone] }),
    sys('close', [fd]),
    ...lastParenthesis({ content, size, at }),
  ];
}

export const statLine = (): StatLine => ({
  content: buffer('stat_text', 1024),
  size: slot('stat_size'),
  at: slots('stat_at', 2),
});

/** Field 22 of /proc/PID/stat: with the pid it names a process for good (proc_pid_stat(5)). */
export function readStartTime(open: OpenFlags, pid: Slot, to: Slot, gone: Label): readonly Line[] {
  const line = statLine();
  return [...readLine(open, pid, line, gone), ...startIn(line, to)];
}

/** Sees whether a process has been stopped (SIGSTOP), as anybody can do who may signal it. */
export interface StopSensor {
  readonly see: Subroutine;
  /** Not 0 if it is, once `see` has been called; one that is gone is not. */
  readonly stopped: Slot;
}

export function stopSensor(open: OpenFlags, pid: Slot): StopSensor {
  const stopped = slot('is_stopped');
  const letter = slot('stat_letter');
  const line = statLine();
  const gone = label('stat_is_gone');
  return {
    see: subroutine('see_stopped', [
      move(stopped, 0),
      ...readLine(open, pid, line, gone),
      ...letterIn(line, letter),
      ...when(letter, 'EQ', 'T'.charCodeAt(0), [move(stopped, 1)]),
      gone,
    ]),
    stopped,
  };
}
