/** The root of an environment whose tree lacks a mount point or is read-only (runtime/trees/skeleton.ts plans it). */
import type { PreparedRoot, SkeletonEntry, TreePatch } from '../../../spec/environment.js';
import { AT_SYMLINK_NOFOLLOW, MountAttr, type OpenFlags } from '../../../spec/kernel.js';
import type { MountData } from '../../../spec/normal-mount.js';
import type { Action } from '../../program/action.js';
import { type Data, type Operand, type Slot, slot, text } from '../../program/operand.js';
import { type Line, resolve, sys } from '../../program/step.js';
import { attach, cloneTree, newFilesystem, setAttributes } from '../idioms/mount-steps.js';
import { operation } from '../idioms/operation.js';
import { sealShare } from '../idioms/show-share.js';
import { rule } from '../launch/launch.js';

function owner(uid: number, gid: number, directory: Operand, name: Data): readonly Line[] {
  return uid === 0 && gid === 0 ? [] : [sys('fchownat', [directory, name, uid, gid, AT_SYMLINK_NOFOLLOW])];
}

export interface Skeleton {
  readonly place: Slot;
  readonly root: Slot;
  readonly readonly: boolean;
  readonly sealed: boolean;
  /** What it is like, where it is not the root. */
  readonly like?: Pick<TreePatch, 'path' | 'mode' | 'uid' | 'gid'>;
}

/**
 * Directories and links of a tmpfs, and the tree's own entries bound into it, so that nothing is ever created in the tree. `readonly`: nobody may write to
 * what is the tree's. `sealed`: nor to the tmpfs, where many launches see it: `rm /bin` by one would be for all, until the next prepare.
 */
export function treeSkeleton(
  open: OpenFlags,
  root: PreparedRoot & { readonly kind: 'skeleton' },
  c: Skeleton,
): readonly Action[] {
  const cells: Cells = {
    from: slot('skeleton_from'),
    mount: slot('skeleton_mount'),
    onto: slot('skeleton_onto'),
  };
  const { like } = c;
  return [
    operation({ kind: 'make-skeleton', ...(like ? { at: like.path } : {}), because: rule(root.why) }, [
      ...newFilesystem(
        'tmpfs',
        'chos',
        [['mode', (like?.mode ?? 0o755).toString(8)], ['size', '4m'], ...ownerData(like)],
        // One that is for a single launch may have devices made in it.
        MountAttr.NOSUID | (c.sealed ? MountAttr.NODEV : 0),
        c.root,
      ),
      attach(c.root, c.place),
    ]),
    ...root.entries.map(entry => makeEntry(open, entry, c, cells)),
    ...(c.sealed
      ? [
          operation({ kind: 'seal-skeleton', because: rule('all see the same') }, [
            setAttributes(c.root, MountAttr.RDONLY, 0, 0, false),
          ]),
        ]
      : []),
  ];
}

function ownerData(like: Skeleton['like']): MountData {
  if (like === undefined || (like.uid === 0 && like.gid === 0)) return [];
  return [
    ['uid', String(like.uid)],
    ['gid', String(like.gid)],
  ];
}

/** Scratch of all entries. */
interface Cells {
  readonly from: Slot;
  readonly mount: Slot;
  readonly onto: Slot;
}

function makeEntry(open: OpenFlags, entry: SkeletonEntry, c: Skeleton, cells: Cells): Action {
  const { path, kind } = entry;
  const inside = text(path.slice(1));
  switch (kind) {
    case 'link':
      return operation({ kind: 'make-link', path, target: entry.target, because: rule('as in the tree') }, [
        sys('symlinkat', [text(entry.target), c.root, inside]),
      ]);
    case 'directory':
      return operation({ kind: 'make-mount-point', path, type: kind, because: rule('mount point') }, [
        sys('mkdirat', [c.root, inside, 0o700]),
        ...owner(entry.uid ?? 0, entry.gid ?? 0, c.root, inside),
        // After the owner: a change of that takes set-id bits away.
        sys('fchmodat', [c.root, inside, entry.mode]),
      ]);
    case 'file':
      return operation({ kind: 'make-mount-point', path, type: kind, because: rule('mount point') }, [
        sys('openat', [c.root, inside, open.WRONLY | open.CREAT | open.EXCL | open.CLOEXEC, 0o644], {
          to: cells.onto,
        }),
        sys('close', [cells.onto]),
      ]);
    case 'bind':
      return bindOfTree(path, entry.directory, c, cells);
  }
}

function bindOfTree(path: string, directory: boolean, c: Skeleton, { from, mount, onto }: Cells): Action {
  const { readonly } = c;
  return operation({ kind: 'bind-tree', path, readonly, because: rule('as in the tree') }, [
    resolve({ root: c.place, path: text(path), how: 'NOFOLLOW' }, { to: from }),
    cloneTree(from, true, mount),
    ...sealShare(mount, readonly),
    resolve({ root: c.root, path: text(path), make: directory ? 'directories' : 'file' }, { to: onto }),
    attach(mount, onto),
    sys('close', [from]),
    sys('close', [mount]),
    sys('close', [onto]),
  ]);
}
