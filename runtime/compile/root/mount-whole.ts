/**
 * mount(2) in the place of fsopen(2), for what fsconfig(2) does not take. It needs a place to mount on, so it does it aside: on a tmpfs that lies on the
 * root for that moment, where nothing that starts at the root's descriptor sees it. What comes out is a detached mount, as of fsmount(2), and everything
 * after it is the same.
 */
import {
  AT_FDCWD,
  FSPICK_CLOEXEC,
  FSPICK_EMPTY_PATH,
  MNT_DETACH,
  MountAttr,
  MountFlag,
  Statfs,
} from '../../../spec/kernel.js';
import type { MountData } from '../../../spec/normal-mount.js';
import { buffer, type Slot, slot, text } from '../../program/operand.js';
import { alu, type Line, load, type Outcome, sys } from '../../program/step.js';
import { attach, cloneTree, newFilesystem, reconfigure, setAttributes } from '../idioms/mount-steps.js';
import type { Launch } from '../launch/launch.js';
import { needsMountCall, wholeData } from './mount-data.js';

const ASIDE = 'aside';

/** Put a mount on the root, do something with it as working directory, and take it away. */
function onTheRoot({ open, cells }: Launch, mount: Slot, lines: readonly Line[]): readonly Line[] {
  const before = slot('working_directory');
  return [
    sys('openat', [AT_FDCWD, text('.'), open.PATH | open.DIRECTORY | open.CLOEXEC, 0], { to: before }),
    attach(mount, cells.rootFd),
    sys('fchdir', [mount]),
    ...lines,
    sys('umount2', [text('.'), MNT_DETACH]),
    sys('fchdir', [before]),
    sys('close', [before]),
    sys('close', [mount]),
  ];
}

/** A new mount of a file system, detached, whatever the length of its options; `attributes` as fsmount(2) takes them. */
export function anyFilesystem(
  launch: Launch,
  type: string,
  source: string,
  data: MountData,
  attributes: number,
  to: Slot,
  o: Outcome = {},
): readonly Line[] {
  if (!needsMountCall(source, data)) return newFilesystem(type, source, data, attributes, to, o);
  const stage = slot('aside_stage');
  const whole = wholeData(data);
  const place = text(ASIDE);
  const made = slot('aside_made');
  return [
    ...newFilesystem('tmpfs', 'tmpfs', [['mode', '700']], MountAttr.NOSUID | MountAttr.NODEV, stage),
    sys('mkdirat', [stage, place, 0o700]),
    ...onTheRoot(launch, stage, [
      sys('mount', [text(source), place, text(type), whole.flags, text(whole.data)]),
      sys('openat', [AT_FDCWD, place, launch.open.PATH | launch.open.DIRECTORY | launch.open.CLOEXEC, 0], {
        to: made,
      }),
      cloneTree(made, false, to),
      sys('close', [made]),
    ]),
    setAttributes(to, attributes, (attributes & MountAttr._ATIME) === 0 ? 0 : MountAttr._ATIME, 0, false),
  ];
}

const ofTheFilesystem = MountFlag.RDONLY | MountFlag.SYNCHRONOUS | MountFlag.MANDLOCK;

/**
 * Change the options of the file system at an opened mount, whatever their length. mount(2) sets the attributes of the mount and the flags of the file
 * system as well. So the mount is a copy, and the flags are those that it has: read from the copy, when it is not read-only by itself.
 */
export function anyReconfigure(launch: Launch, mount: Slot, data: MountData): readonly Line[] {
  if (!needsMountCall('', data)) return reconfigure(mount, data);
  const context = slot('remount_context');
  const copy = slot('remount_copy');
  const stat = buffer('remount_statfs', 256);
  const flags = slot('remount_flags');
  const whole = wholeData(data);
  return [
    // It refuses what is no mount.
    sys('fspick', [mount, text(''), FSPICK_CLOEXEC | FSPICK_EMPTY_PATH], { to: context }),
    sys('close', [context]),
    cloneTree(mount, false, copy),
    setAttributes(copy, 0, MountAttr.RDONLY, 0, false),
    sys('fstatfs', [copy, stat]),
    load(flags, 'U64', stat, Statfs.FLAGS),
    alu(flags, flags, 'AND', ofTheFilesystem),
    alu(flags, flags, 'OR', whole.flags | MountFlag.REMOUNT),
    ...onTheRoot(launch, copy, [sys('mount', [0, text('.'), 0, flags, text(whole.data)])]),
  ];
}
