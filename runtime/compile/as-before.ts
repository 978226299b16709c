/**
 * What a program of `exec` that is used again (spec/reuse.ts) looks at before it does anything: whether the container lives, and is not frozen, and its cgroups are where they were. All else
 * that it was compiled from the engine has compared. Whatever is not as it was, or cannot be seen, is a failure of this action, and then the call goes to the compiler, which has the words for it.
 */
import { errnos } from '../../spec/errno.js';
import { AT_FDCWD } from '../../spec/kernel.js';
import type { Action } from '../program/action.js';
import { when } from '../program/control.js';
import { type Slot, slot, text } from '../program/operand.js';
import { exitReporting, guard, handover, type Line, load, move, scan, sys } from '../program/step.js';
import type { Thawed } from './cgroups/driver.js';
import type { RecordedInit } from './entered-container.js';
import { operation } from './idioms/operation.js';
import { lastParenthesis, letterIn, startIn, statLine } from './idioms/start-time.js';
import { type ProcessLaunch, rule } from './launch/launch.js';

export interface AsBefore {
  /** The parameter; 0 once all is found as it was. */
  readonly reused: Slot;
  /** Open while one is looked at, else -1. */
  readonly descriptor: Slot;
  readonly action: Action;
  /** What the track does when it has failed. */
  readonly failed: readonly Line[];
}

const code = (letter: string): number => letter.charCodeAt(0);

/** proc_pid_stat(5): dead, and not waited for. */
const DEAD = ['Z', 'X', 'x'];

/**
 * `directories`: of all cgroups of the container. `thawed`: none, if it may be frozen. No descriptor is left open: what the caller has open is not known
 * yet (container/descriptors.ts), and what is open in its place would be seen inside.
 */
export function lookAsBefore(
  { open }: ProcessLaunch,
  { pid, pidStart }: RecordedInit,
  { directories, thawed }: { readonly directories: readonly string[]; readonly thawed: readonly Thawed[] },
): AsBefore {
  const reused = slot('reused');
  const fd = slot('looked', -1);
  const line = statLine();
  const { content, size: length, at } = line;
  const letter = slot('looked_letter');
  const read = (path: string): readonly Line[] => [
    sys('openat', [AT_FDCWD, text(path), open.RDONLY | open.CLOEXEC, 0], { to: fd }),
    sys('read', [fd, content, 1023], { to: length }),
    sys('close', [fd]),
    move(fd, -1),
  ];
  const init: readonly Line[] = [
    ...read(`/proc/${pid}/stat`),
    ...lastParenthesis(line),
    ...letterIn(line, letter),
    ...DEAD.map(state => guard(letter, 'NE', code(state), errnos.ESRCH.number)),
    ...startIn(line, at),
    guard(at, 'EQ', BigInt(pidStart ?? 0), errnos.ESRCH.number),
  ];
  const isThawed = ({ file, blanks: count, letter: expected }: Thawed): readonly Line[] => [
    ...read(file),
    ...(count === 0
      ? [move(at, 0)]
      : [scan('SKIP', { buffer: content, length, byte: code(' '), count }, { to: at })]),
    load(letter, 'U8', content, at),
    guard(letter, 'EQ', code(expected), errnos.EBUSY.number),
  ];
  return {
    reused,
    descriptor: fd,
    action: operation(
      { kind: 'find-as-before', pid, because: rule('the program is used again') },
      when(reused, 'NE', 0, [
        ...init,
        ...directories.map(path => sys('faccessat2', [AT_FDCWD, text(path), 0, 0])),
        ...thawed.flatMap(isThawed),
        move(reused, 0),
      ]),
    ),
    failed: [
      ...when(reused, 'NE', 0, [...when(fd, 'GE', 0, [sys('close', [fd])]), handover()]),
      exitReporting(255),
    ],
  };
}
