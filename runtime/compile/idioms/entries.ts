/** Entries of directories that may be there already, or may be gone. */

import { ignoring } from '../../program/control.js';
import { type Operand, text } from '../../program/operand.js';
import { type Line, sys } from '../../program/step.js';

/** mkdir(2); one that is there stays as it is. */
export function makeDirectory(parent: Operand, path: string, mode: number): readonly Line[] {
  return ignoring(['EEXIST'], exists => [sys('mkdirat', [parent, text(path), mode], exists)]);
}

/** unlink(2), if it is there. */
export function removeFile(parent: Operand, path: Operand): readonly Line[] {
  return ignoring(['ENOENT'], gone => [sys('unlinkat', [parent, path, 0], gone)]);
}
