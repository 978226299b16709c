import { errnos } from '../../../spec/errno.js';
import type { Operation } from '../../../spec/operations/index.js';
import { placeOf } from '../../program/action.js';
import { titleOf } from './words.js';

/** The message of an operation that a link of the root has led to where it must not work. */
export function leadsAstray(does: Operation, where: 'kernel' | 'elsewhere'): string {
  const there = where === 'kernel' ? 'into a file system of the kernel' : 'elsewhere';
  const link = `a symbolic link of the root leads ${there}`;
  return `${titleOf(does)}: ${link}: ${errnos.EPERM.words}${placeOf(does.because)}`;
}
