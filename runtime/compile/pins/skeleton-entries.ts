/** Directories and links of the skeleton of all trees, made in a directory that `root` is open on. */

import type { SkeletonPlan } from '../../../spec/environment.js';
import { RENAME_EXCHANGE } from '../../../spec/kernel.js';
import type { Action } from '../../program/action.js';
import { type Operand, text } from '../../program/operand.js';
import { sys, walk } from '../../program/step.js';
import { makeDirectory, removeFile } from '../idioms/entries.js';
import { operation } from '../idioms/operation.js';
import { rule } from '../launch/launch.js';

type Entries = SkeletonPlan['entries'];

const relative = (path: string) => text(path.slice(1));

/** `below`: the directory that stands for "/" of the paths, with a slash at its end; '' for root itself. */
export function makeEntries(entries: Entries, root: Operand, below = ''): readonly Action[] {
  return entries.map(entry => {
    const { path } = entry;
    const name = `${below}${path.slice(1)}`;
    if (entry.kind === 'link') {
      const { target } = entry;
      return operation({ kind: 'make-skeleton-link', path, target, because: rule("the tree's own") }, [
        sys('symlinkat', [text(target), root, text(name)]),
      ]);
    }
    return operation({ kind: 'make-skeleton-directory', path, because: rule('mount point') }, [
      ...makeDirectory(root, name, 0o700),
      sys('fchmodat', [root, text(name), entry.mode]),
    ]);
  });
}

export function removeLinks(paths: readonly string[], root: Operand): readonly Action[] {
  return paths.map(path =>
    operation(
      { kind: 'remove-skeleton-link', path, because: rule('no tree asks for it') },
      removeFile(root, relative(path)),
    ),
  );
}

/** A directory takes the place of a link in one step, complete: processes that look meanwhile see the one or the other. */
export function openLink(path: string, entries: Entries, mode: number, root: Operand): readonly Action[] {
  const aside = `.new-${path.slice(1).replaceAll('/', '-')}`;
  const inside = entries.map(entry => ({ ...entry, path: entry.path.slice(path.length) }));
  return [
    operation({ kind: 'make-link-directory', path, because: rule('mount points below it') }, [
      walk('REMOVE_TREE', [root, text(aside), 0, -1]),
      sys('mkdirat', [root, text(aside), 0o700]),
      sys('fchmodat', [root, text(aside), mode]),
    ]),
    ...makeEntries(inside, root, `${aside}/`),
    operation({ kind: 'exchange-link', path, because: rule('in one step') }, [
      sys('renameat2', [root, text(aside), root, relative(path), RENAME_EXCHANGE]),
      sys('unlinkat', [root, text(aside), 0]),
    ]),
  ];
}
