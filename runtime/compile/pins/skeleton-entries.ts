/** Directories and links of the skeleton of all trees, made in a directory that `root` is open on. */

import type { SkeletonPlan } from '../../../spec/environment.js';
import { RENAME_EXCHANGE } from '../../../spec/kernel.js';
import { type Action, action } from '../../program/action.js';
import { label, type Operand, text } from '../../program/operand.js';
import { sys, walk } from '../../program/step.js';
import { rule } from '../launch/launch.js';

type Entries = SkeletonPlan['entries'];

const relative = (path: string) => text(path.slice(1));

/** `below`: the directory that stands for "/" of the paths, with a slash at its end; '' for root itself. */
export function makeEntries(entries: Entries, root: Operand, below = ''): readonly Action[] {
  return entries.map(entry => {
    const path = text(`${below}${entry.path.slice(1)}`);
    const exists = label('entry_exists');
    return entry.kind === 'link'
      ? action({ title: `link ${entry.path} to ${entry.target}`, because: rule("the tree's own") }, [
          sys('symlinkat', [text(entry.target), root, path]),
        ])
      : action({ title: `make ${entry.path}`, because: rule('mount point') }, [
          sys('mkdirat', [root, path, 0o700], { on: [['EEXIST'], exists] }),
          exists,
          sys('fchmodat', [root, path, entry.mode]),
        ]);
  });
}

export function removeLinks(paths: readonly string[], root: Operand): readonly Action[] {
  return paths.map(path => {
    const gone = label('link_gone');
    return action({ title: `remove the link ${path}`, because: rule('no tree asks for it') }, [
      sys('unlinkat', [root, relative(path), 0], { on: [['ENOENT'], gone] }),
      gone,
    ]);
  });
}

/** A directory takes the place of a link in one step, complete: processes that look meanwhile see the one or the other. */
export function openLink(path: string, entries: Entries, mode: number, root: Operand): readonly Action[] {
  const aside = `.new-${path.slice(1).replaceAll('/', '-')}`;
  const inside = entries.map(entry => ({ ...entry, path: entry.path.slice(path.length) }));
  return [
    action({ title: `make ${path} a directory`, because: rule('mount points below it') }, [
      walk('REMOVE_TREE', [root, text(aside), 0, -1]),
      sys('mkdirat', [root, text(aside), 0o700]),
      sys('fchmodat', [root, text(aside), mode]),
    ]),
    ...makeEntries(inside, root, `${aside}/`),
    action({ title: `put it in the place of the link`, because: rule('in one step') }, [
      sys('renameat2', [root, text(aside), root, relative(path), RENAME_EXCHANGE]),
      sys('unlinkat', [root, text(aside), 0]),
    ]),
  ];
}
