/** Taking away what is mounted on a path, and nothing else (umount2(2)). */
import type { ErrnoName } from '../../../spec/errno.js';
import { AT_FDCWD, MNT_DETACH, type OpenFlags, UMOUNT_NOFOLLOW } from '../../../spec/kernel.js';
import { ignoring, repeat } from '../../program/control.js';
import { slot, text } from '../../program/operand.js';
import { type Line, sys } from '../../program/step.js';
import { openReal } from './open-real.js';

/** `times` at most; else as often as something is there (hosts stack mounts). `nothing`: errnos that say so. */
function detachAt(path: string, nothing: readonly ErrnoName[], times?: number): readonly Line[] {
  const args = [text(path), MNT_DETACH | UMOUNT_NOFOLLOW];
  return times === undefined
    ? repeat(({ leave }) => [sys('umount2', args, { on: [nothing, leave] })])
    : ignoring(nothing, on => new Array<Line>(times).fill(sys('umount2', args, on)));
}

/** On a path that is root's alone, link or not. */
export function detach(path: string, times?: number): readonly Line[] {
  return detachAt(path, ['EINVAL', 'ENOENT'], times);
}

/**
 * On a registered path. umount2(2) takes no descriptor, and follows symlinks on the way: so from the directory in which it stands, opened without following any.
 * Below a share, whoever may write to it could lead us to another mount of the same name.
 */
export function detachReal(open: OpenFlags, path: string, times?: 1): readonly Line[] {
  const directory = slot('detach_from');
  const slash = path.lastIndexOf('/');
  return ignoring(['ENOENT', 'ENOTDIR', 'ELOOP'], gone => [
    openReal(open, AT_FDCWD, path.slice(0, slash) || '/', open.DIRECTORY, { to: directory, ...gone }),
    sys('fchdir', [directory]),
    sys('close', [directory]),
    ...detachAt(path.slice(slash + 1), ['EINVAL', 'ENOENT', 'ENOTDIR'], times),
    sys('chdir', [text('/')]),
  ]);
}
