/** Entries of directories: opened, and made or removed where they may be there already, or be gone. */
import { AT_FDCWD, type OpenFlags } from '../../../spec/kernel.js';
import { ignoring } from '../../program/control.js';
import { type Operand, type Slot, text } from '../../program/operand.js';
import { type Line, sys } from '../../program/step.js';

/** mkdir(2); one that is there stays as it is. */
export function makeDirectory(parent: Operand, path: string, mode: number): readonly Line[] {
  return ignoring(['EEXIST'], exists => [sys('mkdirat', [parent, text(path), mode], exists)]);
}

/** unlink(2), if it is there. */
export function removeFile(parent: Operand, path: Operand): readonly Line[] {
  return ignoring(['ENOENT'], gone => [sys('unlinkat', [parent, path, 0], gone)]);
}

/** A directory, as a place: nothing of it can be read or changed through the descriptor itself. */
export function openPlace(open: OpenFlags, path: string, to: Slot, parent: Operand = AT_FDCWD): Line {
  return sys('openat', [parent, text(path), open.PATH | open.DIRECTORY | open.CLOEXEC, 0], { to });
}
