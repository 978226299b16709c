/** Taking away what is mounted on a registered path, and nothing else (umount2(2)). */
import { AT_FDCWD, MNT_DETACH, type OpenFlags, UMOUNT_NOFOLLOW } from '../../../spec/kernel.js';
import { label, slot, text } from '../../program/operand.js';
import { jump, type Line, sys } from '../../program/step.js';
import { openReal } from './open-real.js';

/**
 * umount2(2) takes no descriptor, and follows symlinks on the way: so from the directory in which it stands, opened without following any. Below a share,
 * whoever may write to it could lead us to another mount of the same name.
 * `times`: at most; else as often as something is there (hosts stack mounts).
 */
export function detachReal(open: OpenFlags, path: string, times?: 1): readonly Line[] {
  const directory = slot('detach_from');
  const [again, done, gone] = [label('detach_again'), label('detached'), label('nothing_there')];
  const slash = path.lastIndexOf('/');
  const once = sys('umount2', [text(path.slice(slash + 1)), MNT_DETACH | UMOUNT_NOFOLLOW], {
    on: [['EINVAL', 'ENOENT', 'ENOTDIR'], done],
  });
  return [
    openReal(open, AT_FDCWD, path.slice(0, slash) || '/', open.DIRECTORY, {
      to: directory,
      on: [['ENOENT', 'ENOTDIR', 'ELOOP'], gone],
    }),
    sys('fchdir', [directory]),
    sys('close', [directory]),
    again,
    once,
    ...(times === 1 ? [] : [jump(again)]),
    done,
    sys('chdir', [text('/')]),
    gone,
  ];
}
