/** The root of an environment whose tree lacks a mount point or is read-only (runtime/trees/skeleton.ts plans it). */
import type { PreparedRoot, TreePatch } from '../../../spec/environment.js';
import {
  AT_EMPTY_PATH,
  AT_RECURSIVE,
  AT_SYMLINK_NOFOLLOW,
  MountAttr,
  OPEN_TREE_CLOEXEC,
  OPEN_TREE_CLONE,
  type OpenFlags,
} from '../../../spec/kernel.js';
import type { Action } from '../../program/action.js';
import { type Data, type Operand, type Slot, slot, text } from '../../program/operand.js';
import { type Line, resolve, sys } from '../../program/step.js';
import { attach, newFilesystem, setAttributes } from '../idioms/mount-steps.js';
import { operation } from '../idioms/operation.js';
import { sealShare } from '../idioms/show-share.js';
import { rule } from '../launch/launch.js';

function owner(uid: number, gid: number, directory: Operand, name: Data): readonly Line[] {
  return uid === 0 && gid === 0 ? [] : [sys('fchownat', [directory, name, uid, gid, AT_SYMLINK_NOFOLLOW])];
}

/**
 * Directories and links of a tmpfs, and the tree's own entries bound into it, so that nothing is ever created in the tree. `readonly`: nobody may write to
 * what is the tree's. `sealed`: nor to the tmpfs, where many launches see it: `rm /bin` by one would be for all, until the next prepare.
 */
export function treeSkeleton(
  open: OpenFlags,
  root: PreparedRoot & { readonly kind: 'skeleton' },
  c: {
    readonly place: Slot;
    readonly root: Slot;
    readonly readonly: boolean;
    readonly sealed: boolean;
    /** What it is like, where it is not the root. */
    readonly like?: Pick<TreePatch, 'path' | 'mode' | 'uid' | 'gid'>;
  },
): readonly Action[] {
  const from = slot('skeleton_from');
  const mount = slot('skeleton_mount');
  const onto = slot('skeleton_onto');
  const inside = (path: string) => text(path.slice(1));
  return [
    operation({ kind: 'make-skeleton', ...(c.like ? { at: c.like.path } : {}), because: rule(root.why) }, [
      ...newFilesystem(
        'tmpfs',
        'chos',
        [
          ['mode', (c.like?.mode ?? 0o755).toString(8)],
          ['size', '4m'],
          ...(c.like === undefined || (c.like.uid === 0 && c.like.gid === 0)
            ? []
            : ([
                ['uid', String(c.like.uid)],
                ['gid', String(c.like.gid)],
              ] as const)),
        ],
        // One that is for a single launch may have devices made in it.
        MountAttr.NOSUID | (c.sealed ? MountAttr.NODEV : 0),
        c.root,
      ),
      attach(c.root, c.place),
    ]),
    ...root.entries.map(entry => {
      const { path } = entry;
      if (entry.kind === 'link')
        return operation({ kind: 'make-link', path, target: entry.target, because: rule('as in the tree') }, [
          sys('symlinkat', [text(entry.target), c.root, inside(path)]),
        ]);
      if (entry.kind === 'directory')
        return operation(
          { kind: 'make-mount-point', path, type: 'directory', because: rule('mount point') },
          [
            sys('mkdirat', [c.root, inside(path), 0o700]),
            ...owner(entry.uid ?? 0, entry.gid ?? 0, c.root, inside(path)),
            // After the owner: a change of that takes set-id bits away.
            sys('fchmodat', [c.root, inside(path), entry.mode]),
          ],
        );
      if (entry.kind === 'file')
        return operation({ kind: 'make-mount-point', path, type: 'file', because: rule('mount point') }, [
          sys('openat', [c.root, inside(path), open.WRONLY | open.CREAT | open.EXCL | open.CLOEXEC, 0o644], {
            to: onto,
          }),
          sys('close', [onto]),
        ]);
      return operation({ kind: 'bind-tree', path, readonly: c.readonly, because: rule('as in the tree') }, [
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
    ...(c.sealed
      ? [
          operation({ kind: 'seal-skeleton', because: rule('all see the same') }, [
            setAttributes(c.root, MountAttr.RDONLY, 0, 0, false),
          ]),
        ]
      : []),
  ];
}
