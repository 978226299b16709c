/**
 * What a tmpfs takes over from the directory that it covers: its mode, if the options name none, and with `tmpcopyup` what is in it. The owner is that of
 * the options, else root, as with crun and runc. One that covers a directory made for it is the kernel's: 1777.
 */

import { AT_EMPTY_PATH, STATX_BASIC_STATS, Statx } from '../../../spec/kernel.js';
import type { FilesystemMount } from '../../../spec/normal-mount.js';
import { buffer, label, type Slot, slot, text } from '../../program/operand.js';
import { alu, branch, type Line, load, move, resolve, sys, walk } from '../../program/step.js';
import type { Launch } from '../launch/launch.js';

export interface Covered {
  /** Before the destination is opened, which may make it. */
  readonly look: readonly Line[];
  /** While the new mount can be written. */
  readonly take: readonly Line[];
}

const PERMISSIONS = 0o7777;

/** Null if the file system takes nothing. `destination`: the directory that `mount` is going to cover. */
export function takenFromCovered(
  launch: Launch,
  { place, inherits }: FilesystemMount,
  destination: Slot,
  mount: Slot,
): Covered | null {
  const { open, cells } = launch;
  if (inherits === null) return null;
  const found = slot('covered_found');
  const there = slot('covered_there');
  const stat = buffer('covered_stat', 256);
  const mode = slot('covered_mode');
  const from = slot('copy_from');
  const [missing, none] = [label('covered_missing'), label('covered_none')];
  const flags = open.PATH | open.DIRECTORY;
  const { content, uid, gid } = inherits;
  const copy: readonly Line[] = content
    ? [
        sys('openat', [destination, text('.'), open.RDONLY | open.DIRECTORY | open.CLOEXEC, 0], { to: from }),
        walk('COPY', [from, text(''), mount, -1]),
        sys('close', [from]),
        // The copy has made it the owner's of the original.
        sys('fchownat', [mount, text('.'), uid, gid, 0]),
      ]
    : [];
  return {
    // Only whether it is there; what is used is the descriptor that is opened and judged then.
    look: [
      // Anything else than that nothing is there, such as what is renamed all the time (EAGAIN), must not be taken for it: the mode would be 1777.
      resolve(
        { root: cells.rootFd, path: text(place), flags },
        { to: there, on: [['ENOENT', 'ENOTDIR'], missing] },
      ),
      sys('close', [there]),
      move(found, 1),
      missing,
    ],
    take: [
      branch(found, 'EQ', 0, none),
      sys('statx', [destination, text(''), AT_EMPTY_PATH, STATX_BASIC_STATS, stat]),
      load(mode, 'U16', stat, Statx.MODE),
      alu(mode, mode, 'AND', PERMISSIONS),
      ...copy,
      sys('fchmodat', [mount, text('.'), inherits.mode ?? mode]),
      none,
    ],
  };
}
