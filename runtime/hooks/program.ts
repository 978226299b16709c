/** Whether the program of a hook can be executed, and whether others than root and the caller decide what it does. */
import { accessSync, constants, statSync } from 'node:fs';
import type { Reason } from '../admit/diagnostic.js';

/** The bits with which a group, and with which everybody, may write. */
const GROUP = 0o020;
const OTHERS = 0o002;

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'EIO';

/** null: nothing is wrong. The errno is the one of execve(2). */
export function checkProgram(program: string): Reason | null {
  try {
    const { uid, gid, mode } = statSync(program);
    // execve(2) has EACCES for what is no regular file; access(2) grants it for a directory.
    if ((mode & constants.S_IFMT) !== constants.S_IFREG)
      return { kind: 'not-executable', program, code: 'EACCES' };
    accessSync(program, constants.X_OK);
    const mine = uid === 0 || uid === process.geteuid?.();
    const writable = (mode & OTHERS) !== 0 || ((mode & GROUP) !== 0 && gid !== 0);
    return mine && !writable ? null : { kind: 'foreign-program', program, uid, mode: mode & 0o7777 };
  } catch (error) {
    return { kind: 'not-executable', program, code: codeOf(error) };
  }
}
