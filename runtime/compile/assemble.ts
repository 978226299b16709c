/** An environment put together in a mount namespace of its own: for `tree prepare`, which keeps it, and for an entry program, whose process alone is in it. */
import type { PlacedShare, Preparation } from '../../spec/environment.js';
import {
  AT_EMPTY_PATH,
  AT_RECURSIVE,
  OPEN_TREE_CLOEXEC,
  OPEN_TREE_CLONE,
  type OpenFlags,
} from '../../spec/kernel.js';
import type { Action, Because } from '../program/action.js';
import { type Slot, slot, text } from '../program/operand.js';
import { sys } from '../program/step.js';
import { attach } from './idioms/mount-steps.js';
import { openRealDirectory } from './idioms/open-real.js';
import { operation } from './idioms/operation.js';
import { hostPoint, registeredAt, sealShare, showShare } from './idioms/show-share.js';
import { rule } from './launch/launch.js';
import { treeSkeleton } from './root/tree-skeleton.js';

/** What it is made of. */
export interface View extends Pick<Preparation, 'root' | 'hostView' | 'file' | 'line'> {
  readonly shares: readonly PlacedShare[];
  readonly tree: Pick<Preparation['tree'], 'name' | 'path' | 'directory' | 'readonly'>;
}

function becauseOf({ file, line, tree }: View): Because {
  return { kind: 'policy', file, line, path: `trees.${tree.name}` };
}

const byFeature = ({ name, file, line }: NonNullable<PlacedShare['feature']>): Because => ({
  kind: 'policy',
  file,
  line,
  path: `features.${name}`,
});

/** The tree, or a skeleton in its place, with the host view and the shares mounted in it; `root` receives its directory. */
export function assemble(view: View, open: OpenFlags, root: Slot): readonly Action[] {
  const { tree } = view;
  const because = becauseOf(view);
  const place = slot('tree_place', -1);
  const clone = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE;
  return [
    operation({ kind: 'open-tree', path: tree.path, because }, [
      openRealDirectory(open, tree.directory, place),
    ]),
    ...(view.root.kind === 'tree'
      ? [
          operation({ kind: 'use-tree-as-root', because: rule('it has all mount points') }, [
            sys('open_tree', [place, text(''), clone | AT_EMPTY_PATH], { to: root }),
            ...sealShare(root, tree.readonly),
            attach(root, place),
          ]),
        ]
      : treeSkeleton(open, view.root, { place, root, readonly: tree.readonly, sealed: true })),
    ...view.hostView.map(path => showShare(open, hostPoint(path), root, rule('the host view'))),
    ...view.shares.map(share =>
      showShare(open, share, root, share.feature ? byFeature(share.feature) : registeredAt(share, because)),
    ),
  ];
}
