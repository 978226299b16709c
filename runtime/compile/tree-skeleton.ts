/** The root of an environment whose tree lacks a mount point or is read-only (runtime/trees/skeleton.ts plans it). */
import type { PreparedRoot } from '../../spec/environment.js';
import {
  AT_EMPTY_PATH,
  AT_RECURSIVE,
  MountAttr,
  OPEN_TREE_CLOEXEC,
  OPEN_TREE_CLONE,
} from '../../spec/kernel.js';
import { type Action, action } from '../program/action.js';
import { type Slot, slot, text } from '../program/operand.js';
import { resolve, sys } from '../program/step.js';
import { rule } from './launch.js';
import { attach, newFilesystem, setAttributes } from './mount-steps.js';
import { sealShare } from './show-share.js';

/**
 * Directories and links of a tmpfs, and the tree's own entries bound into it, so that nothing is ever created in the tree. Many launches see it, so the
 * tmpfs is read-only: `rm /bin` by one would be for all, until the next prepare. `readonly`: so is what is the tree's.
 */
export function treeSkeleton(
  root: PreparedRoot & { readonly kind: 'skeleton' },
  c: { readonly place: Slot; readonly root: Slot; readonly readonly: boolean },
): readonly Action[] {
  const from = slot('skeleton_from');
  const mount = slot('skeleton_mount');
  const onto = slot('skeleton_onto');
  const inside = (path: string) => text(path.slice(1));
  return [
    action({ title: `the root is a skeleton`, because: rule(root.why) }, [
      ...newFilesystem(
        'tmpfs',
        'chos',
        [
          ['mode', '755'],
          ['size', '4m'],
        ],
        MountAttr.NOSUID | MountAttr.NODEV,
        c.root,
      ),
      attach(c.root, c.place),
    ]),
    ...root.entries.map(entry => {
      const { path } = entry;
      if (entry.kind === 'link')
        return action({ title: `link ${path} to ${entry.target}`, because: rule('as in the tree') }, [
          sys('symlinkat', [text(entry.target), c.root, inside(path)]),
        ]);
      if (entry.kind === 'directory')
        return action({ title: `make ${path}`, because: rule('mount point') }, [
          sys('mkdirat', [c.root, inside(path), 0o700]),
          sys('fchmodat', [c.root, inside(path), entry.mode]),
        ]);
      return action({ title: `bind ${path} of the tree`, because: rule('as in the tree') }, [
        resolve({ root: c.place, path: text(path), how: 'NOFOLLOW' }, { to: from }),
        sys(
          'open_tree',
          [from, text(''), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE],
          {
            to: mount,
          },
        ),
        ...sealShare(mount, c.readonly),
        resolve(
          { root: c.root, path: text(path), make: entry.directory ? 'directories' : 'file' },
          { to: onto },
        ),
        attach(mount, onto),
        sys('close', [from]),
        sys('close', [mount]),
        sys('close', [onto]),
      ]);
    }),
    action({ title: 'make the skeleton read-only', because: rule('all see the same') }, [
      setAttributes(c.root, MountAttr.RDONLY, 0, 0, false),
    ]),
  ];
}
