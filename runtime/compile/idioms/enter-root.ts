/** Ways to make the working directory "/". */
import { AT_FDCWD, MNT_DETACH, type OpenFlags } from '../../../spec/kernel.js';
import { type Slot, text } from '../../program/operand.js';
import { type Line, sys } from '../../program/step.js';

/** pivot_root(".", "."): the old root ends up under the new one and is detached with all that is below it (pivot_root(2), NOTES). */
export function pivotHere(): readonly Line[] {
  return [
    sys('pivot_root', [text('.'), text('.')]),
    sys('umount2', [text('.'), MNT_DETACH]),
    sys('chdir', [text('/')]),
  ];
}

/** For this process and its children alone. */
export function chrootHere(): readonly Line[] {
  return [sys('chroot', [text('.')]), sys('chdir', [text('/')])];
}

/** A way back to the mount namespace that this process is in. */
export function openOwnMounts(open: OpenFlags, to: Slot): Line {
  return sys('openat', [AT_FDCWD, text('/proc/self/ns/mnt'), open.RDONLY | open.CLOEXEC, 0], { to });
}
