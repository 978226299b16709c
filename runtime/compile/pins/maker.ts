/**
 * The maker of a mount namespace that is to be pinned: a process that has one of its own, makes it the view that is wanted, and waits until that is
 * bound on a file.
 */
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  MNT_DETACH,
  OPEN_TREE_CLOEXEC,
  OPEN_TREE_CLONE,
  type OpenFlags,
  Propagation,
  STATX_MNT_ID_UNIQUE,
  Statx,
} from '../../../spec/kernel.js';
import { type Action, action, type Track } from '../../program/action.js';
import { buffer, label, type Slot, slot, text } from '../../program/operand.js';
import { branch, exit, formatFailure, jump, type Line, load, move, store, sys } from '../../program/step.js';
import { propagateRoot } from '../idioms/mount-steps.js';
import { rule } from '../launch/launch.js';
import { hidePins } from '../root/hide-pins.js';
import { MARK_SIZE, type MakerCells } from './pin-namespace.js';

/** Before anybody looks at what is mounted: a mount that arrives meanwhile counts as one that came later. */
function takeMark(mark: Slot): readonly Line[] {
  const fd = slot('mark_fd');
  const stat = buffer('mark_stat', 256);
  const none = label('no_mark');
  const taken = label('mark_taken');
  return [
    // Ids are given out in ascending order, to this copy of a mount as well.
    sys('open_tree', [AT_FDCWD, text('/'), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC], { to: fd }),
    sys('statx', [fd, text(''), AT_EMPTY_PATH, STATX_MNT_ID_UNIQUE, stat]),
    sys('close', [fd]),
    load(mark, 'U32', stat),
    branch(mark, 'NONE', STATX_MNT_ID_UNIQUE, none),
    load(mark, 'U64', stat, Statx.MNT_ID),
    jump(taken),
    none,
    move(mark, 0),
    taken,
  ];
}

/** `assemble` leaves `root` open on what is to be "/". */
export function makerTrack(
  open: OpenFlags,
  c: MakerCells,
  assemble: { readonly actions: readonly Action[]; readonly root: Slot },
): Track {
  const size = slot('copied');
  const content = buffer('mountinfo', 65536);
  const again = label('copy_again');
  const copied = label('copied_all');
  const from = slot('mountinfo_fd');
  return {
    name: 'maker',
    actions: [
      action({ title: 'begin as maker', because: rule('a namespace of its own') }, [
        c.begin,
        sys('close', [c.hostEnd]),
        propagateRoot(Propagation.SLAVE, true),
        // A share /run would take them along.
        ...hidePins(),
      ]),
      ...assemble.actions,
      action({ title: 'make the root "/" and let go of the rest', because: rule('pivot_root') }, [
        sys('fchdir', [assemble.root]),
        sys('pivot_root', [text('.'), text('.')]),
        sys('umount2', [text('.'), MNT_DETACH]),
        sys('chdir', [text('/')]),
      ]),
      action({ title: 'write down what is mounted', because: rule('elision') }, [
        ...takeMark(c.mark),
        sys('openat', [AT_FDCWD, text('/proc/self/mountinfo'), open.RDONLY | open.CLOEXEC, 0], { to: from }),
        // An attempt that was refused may have written before.
        sys('ftruncate', [c.mountsFd, 0]),
        sys('lseek', [c.mountsFd, 0, 0]),
        again,
        sys('read', [from, content, 65536], { to: size }),
        branch(size, 'EQ', 0, copied),
        sys('write', [c.mountsFd, content, size]),
        jump(again),
        copied,
        sys('close', [c.mountsFd]),
      ]),
      action({ title: 'wait to be pinned', because: rule('the host binds the namespace') }, [
        store('U64', c.message, 0, c.mark),
        sys('write', [c.makerEnd, c.message, MARK_SIZE]),
        // Nothing is ever written: the host ends this process, or goes and leaves end of file.
        sys('read', [c.makerEnd, c.message, 1], { to: size }),
        exit(1),
      ]),
    ],
    failed: [formatFailure(c.message, c.size), sys('write', [c.makerEnd, c.message, c.size]), exit(1)],
  };
}
