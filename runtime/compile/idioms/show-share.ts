/** A directory or file of the host in a view that is being put together. */
import type { PlacedShare } from '../../../spec/environment.js';
import { AT_FDCWD, MountAttr, type OpenFlags, Propagation } from '../../../spec/kernel.js';
import type { OperationOf } from '../../../spec/operations/index.js';
import type { Action, Because } from '../../program/action.js';
import { type Operand, type Slot, slot } from '../../program/operand.js';
import { type Line, sys } from '../../program/step.js';
import { attach, cloneTree, setAttributes } from './mount-steps.js';
import { openReal } from './open-real.js';
import { operation } from './operation.js';

/**
 * Slave, so that what the host mounts below later arrives, and nothing goes back; but private if it is read-only: what arrives has the attributes that it
 * has on the host, and would be writable.
 */
export function sealShare(mount: Slot, readonly: boolean): readonly Line[] {
  return readonly
    ? [setAttributes(mount, MountAttr.RDONLY, 0, Propagation.PRIVATE, true)]
    : [setAttributes(mount, 0, 0, Propagation.SLAVE, true)];
}

/** A part of the host view, which is at the same place everywhere. */
export const hostPoint = (path: string): PlacedShare => ({
  path,
  source: path,
  place: path,
  readonly: false,
});

/** The line of the registry that shows it. */
export const registeredAt = ({ registered }: PlacedShare, otherwise: Because): Because =>
  registered === undefined ? otherwise : { kind: 'policy', ...registered };

/** Neither at the source nor inside is a symlink followed: below a share, whoever may write to it could have put one there in the meantime. */
export function showShare(
  open: OpenFlags,
  share: PlacedShare,
  root: Operand,
  because: Because,
  what: OperationOf<'show-share'>['what'] = 'host',
): Action {
  const from = slot('share_from');
  const mount = slot('share_mount');
  const onto = slot('share_onto');
  const { path, source, place, readonly } = share;
  const kind = share.file ? 0 : open.DIRECTORY;
  const at = share.feature === undefined || place === path ? {} : { at: place };
  return operation({ kind: 'show-share', what, path, ...at, readonly, because }, [
    openReal(open, AT_FDCWD, source, kind, { to: from }),
    cloneTree(from, true, mount),
    sys('close', [from]),
    // Before it is attached: a shared one would pass on what is mounted in the view.
    ...sealShare(mount, readonly),
    openReal(open, root, place.slice(1), kind, { to: onto }),
    attach(mount, onto),
    sys('close', [mount]),
    sys('close', [onto]),
  ]);
}
