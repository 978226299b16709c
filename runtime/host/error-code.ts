import { errnoName } from '../../spec/errno.js';

/**
 * The name of the errno with which a call of node:fs has failed; what is no such error is a bug and thrown on. By its number: Node has no name for many (EDQUOT, ESTALE,
 * EUCLEAN), and another one for EOPNOTSUPP.
 */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error && 'code' in error && typeof error.code === 'string')) throw error;
  const number = 'errno' in error && typeof error.errno === 'number' ? -error.errno : 0;
  return errnoName(number) ?? error.code;
}

/** What a command cannot go on without, and cannot be read: the one error that is thrown to its end, where it gets its words (runtime/entry/dispatch.ts). */
export class Unreadable extends Error {
  override readonly name = 'Unreadable';
  readonly path: string;
  /** The name of the errno. */
  readonly code: string;

  constructor(path: string, code: string) {
    super(`${path}: ${code}`);
    this.path = path;
    this.code = code;
  }
}

/** By the name, since each bundle has a class of its own (runtime/entry/pack.ts): what one throws another catches. */
export const isUnreadable = (error: unknown): error is Unreadable =>
  error instanceof Error && error.name === 'Unreadable';

/** Null, where there is nothing at the path; throws Unreadable as the look fails otherwise: what cannot be read is not empty. `missing`: more that says so. */
export function unlessMissing<T>(path: string, look: () => T, missing: readonly string[] = []): T | null {
  try {
    return look();
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || missing.includes(code)) return null;
    throw new Unreadable(path, code);
  }
}
