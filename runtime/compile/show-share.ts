/** A directory of the host in a view that is being put together. */
import type { Share } from '../../spec/environment.js';
import {
  AT_FDCWD,
  AT_RECURSIVE,
  MountAttr,
  OPEN_TREE_CLOEXEC,
  OPEN_TREE_CLONE,
  Propagation,
} from '../../spec/kernel.js';
import { type Action, action, type Because } from '../program/action.js';
import { type Operand, type Slot, slot, text } from '../program/operand.js';
import { type Line, resolve, sys } from '../program/step.js';
import { attach, setAttributes } from './mount-steps.js';

/**
 * Slave, so that what the host mounts below later arrives, and nothing goes back; but private if it is read-only: what arrives has the attributes that it
 * has on the host, and would be writable.
 */
export function sealShare(mount: Slot, readonly: boolean): readonly Line[] {
  return readonly
    ? [setAttributes(mount, MountAttr.RDONLY, 0, Propagation.PRIVATE, true)]
    : [setAttributes(mount, 0, 0, Propagation.SLAVE, true)];
}

/** `flags`: how a directory is opened. */
export function showShare(
  share: Share,
  root: Operand,
  flags: number,
  title: string,
  because: Because,
): Action {
  const mount = slot('share_mount');
  const onto = slot('share_onto');
  return action({ title: `${title}${share.readonly ? ', read-only' : ''}`, because }, [
    sys('open_tree', [AT_FDCWD, text(share.path), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE], {
      to: mount,
    }),
    // Before it is attached: a shared one would pass on what is mounted in the view.
    ...sealShare(mount, share.readonly),
    resolve({ root, path: text(share.path), flags }, { to: onto }),
    attach(mount, onto),
    sys('close', [mount]),
    sys('close', [onto]),
  ]);
}
