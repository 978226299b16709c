/** What is mounted in the skeleton of all trees, and changes of its mount options. `root` is open on the skeleton. */
import type { SkeletonWork } from '../../../spec/environment.js';
import { MountAttr, type OpenFlags } from '../../../spec/kernel.js';
import type { Action } from '../../program/action.js';
import { label, type Slot, slot } from '../../program/operand.js';
import { jump, sys } from '../../program/step.js';
import { detachReal } from '../idioms/detach-real.js';
import { setAttributes } from '../idioms/mount-steps.js';
import { openReal } from '../idioms/open-real.js';
import { operation } from '../idioms/operation.js';
import { showShare } from '../idioms/show-share.js';
import { rule } from '../launch/launch.js';

export function showMounts(mounts: SkeletonWork['mount'], root: Slot, open: OpenFlags): readonly Action[] {
  return mounts.map(mount => {
    const what = mount.what === 'share' || mount.what === 'file' ? 'host' : mount.what;
    const because = rule(mount.what === 'host' ? 'the host view' : 'the registry');
    return showShare(open, mount, root, because, what);
  });
}

const { RDONLY, NOSUID, NODEV, NOEXEC, _ATIME, NODIRATIME, NOSYMFOLLOW } = MountAttr;
const ATTRIBUTES = RDONLY | NOSUID | NODEV | NOEXEC | _ATIME | NODIRATIME | NOSYMFOLLOW;

/**
 * Under those who are in it, who see no moment without the mount (mount_setattr(2)). What has to become read-only while files in it are open for writing
 * (EBUSY), or has gone in the meantime (EINVAL), is mounted anew: whoever has opened a file keeps it.
 */
export function alterMounts(work: SkeletonWork, root: Slot, open: OpenFlags): readonly Action[] {
  const fd = slot('altered_mount');
  return work.alter.flatMap(({ path, attributes, anew }) => {
    const [first] = anew;
    if (first === undefined) return [];
    const [busy, done] = [label('altered_busy'), label('altered')];
    const close = sys('close', [fd]);
    return [
      operation({ kind: 'alter-mount', path, because: rule('the host') }, [
        openReal(open, root, path.slice(1), 0, { to: fd, on: [['ENOENT', 'ENOTDIR', 'ELOOP'], done] }),
        setAttributes(fd, attributes, ATTRIBUTES, 0, false, { on: [['EBUSY', 'EINVAL'], busy] }),
        close,
        jump(done),
      ]),
      operation({ kind: 'mount-anew', path: first.path, because: rule('files are open for writing') }, [
        busy,
        close,
        ...detachReal(open, work.path + first.place, 1),
      ]),
      ...showMounts(anew, root, open),
      operation({ kind: 'altered-mount', path, because: rule('the host') }, [done]),
    ];
  });
}
