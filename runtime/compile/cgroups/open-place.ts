/** A directory of a cgroup, to open its files from. */
import { AT_FDCWD, type OpenFlags } from '../../../spec/kernel.js';
import type { Data, Ref, Slot } from '../../program/operand.js';
import { type Line, type Outcome, sys } from '../../program/step.js';

export function openPlace(open: OpenFlags, path: Data | Ref, to: Slot, o: Outcome = {}): Line {
  return sys('openat', [AT_FDCWD, path, open.PATH | open.DIRECTORY | open.CLOEXEC, 0], { ...o, to });
}
