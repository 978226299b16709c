/**
 * The maker of a mount namespace that is to be pinned: a process that has one of its own, makes it the view that is wanted, and waits until that is
 * bound on a file.
 */
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  OPEN_TREE_CLOEXEC,
  OPEN_TREE_CLONE,
  type OpenFlags,
  Propagation,
  STATX_MNT_ID_UNIQUE,
  Statx,
} from '../../../spec/kernel.js';
import type { Action, Track } from '../../program/action.js';
import { repeat, when } from '../../program/control.js';
import { buffer, type Slot, slot, text } from '../../program/operand.js';
import { branch, exit, formatFailure, type Line, load, move, store, sys } from '../../program/step.js';
import { pivotHere } from '../idioms/enter-root.js';
import { propagateRoot } from '../idioms/mount-steps.js';
import { operation } from '../idioms/operation.js';
import { rule } from '../launch/launch.js';
import { hidePins } from '../root/hide-pins.js';
import { MARK_SIZE, type MakerCells } from './pin-namespace.js';

/** Before anybody looks at what is mounted: a mount that arrives meanwhile counts as one that came later. */
function takeMark(mark: Slot): readonly Line[] {
  const fd = slot('mark_fd');
  const stat = buffer('mark_stat', 256);
  return [
    // Ids are given out in ascending order, to this copy of a mount as well.
    sys('open_tree', [AT_FDCWD, text('/'), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC], { to: fd }),
    sys('statx', [fd, text(''), AT_EMPTY_PATH, STATX_MNT_ID_UNIQUE, stat]),
    sys('close', [fd]),
    load(mark, 'U32', stat),
    ...when(mark, 'ANY', STATX_MNT_ID_UNIQUE, [load(mark, 'U64', stat, Statx.MNT_ID)], [move(mark, 0)]),
  ];
}

/** What is mounted, as the kernel tells it, into the file that the host has opened. */
function copyMountinfo(open: OpenFlags, to: Slot): readonly Line[] {
  const size = slot('copied');
  const content = buffer('mountinfo', 65536);
  const from = slot('mountinfo_fd');
  return [
    sys('openat', [AT_FDCWD, text('/proc/self/mountinfo'), open.RDONLY | open.CLOEXEC, 0], { to: from }),
    // An attempt that was refused may have written before.
    sys('ftruncate', [to, 0]),
    sys('lseek', [to, 0, 0]),
    ...repeat(({ leave }) => [
      sys('read', [from, content, 65536], { to: size }),
      branch(size, 'EQ', 0, leave),
      sys('write', [to, content, size]),
    ]),
    sys('close', [to]),
  ];
}

/** `assemble` leaves `root` open on what is to be "/". */
export function makerTrack(
  open: OpenFlags,
  c: MakerCells,
  assemble: { readonly actions: readonly Action[]; readonly root: Slot },
): Track {
  return {
    name: 'maker',
    actions: [
      operation({ kind: 'begin-maker', because: rule('a namespace of its own') }, [
        c.begin,
        sys('close', [c.hostEnd]),
        propagateRoot(Propagation.SLAVE, true),
        // A share /run would take them along.
        ...hidePins(),
      ]),
      ...assemble.actions,
      operation({ kind: 'pivot-to-view', because: rule('pivot_root') }, [
        sys('fchdir', [assemble.root]),
        ...pivotHere(),
      ]),
      operation({ kind: 'write-down-mounts', because: rule('elision') }, [
        ...takeMark(c.mark),
        ...copyMountinfo(open, c.mountsFd),
      ]),
      operation({ kind: 'await-pin', because: rule('the host binds the namespace') }, [
        store('U64', c.message, 0, c.mark),
        sys('write', [c.makerEnd, c.message, MARK_SIZE]),
        // Nothing is ever written: the host ends this process, or goes and leaves end of file.
        sys('read', [c.makerEnd, c.message, 1]),
        exit(1),
      ]),
    ],
    failed: [formatFailure(c.message, c.size), sys('write', [c.makerEnd, c.message, c.size]), exit(1)],
  };
}
