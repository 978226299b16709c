/**
 * What /proc says of a process that may end while it is looked at, or is somebody else's: nothing then. All throw Unreadable where even that cannot be told: nothing is
 * taken away from under who is not seen.
 */
import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { unlessMissing } from './error-code.js';

const GONE: readonly string[] = ['ESRCH', 'EACCES', 'EPERM', 'EINVAL'];

/** Where a link of /proc/PID leads. */
export const linkOfProcess = (path: string): string =>
  unlessMissing(path, () => readlinkSync(path), GONE) ?? '';

/** A file of /proc/PID. */
export const textOfProcess = (path: string): string =>
  unlessMissing(path, () => readFileSync(path, 'utf8'), GONE) ?? '';

/** The inode behind a link of /proc/PID. */
export const inodeOfProcess = (path: string): number | null =>
  unlessMissing(path, () => statSync(path).ino, GONE);
