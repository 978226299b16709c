/**
 * maskedPaths and readonlyPaths (config-linux.md): laid over the root through opened descriptors, before it becomes "/".
 */
import { errnos } from '../../spec/errno.js';
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  F_DUPFD_CLOEXEC,
  MountAttr,
  S_IFCHR,
  S_IFDIR,
  S_IFMT,
  STATX_BASIC,
  STATX_TYPE,
  Statx,
} from '../../spec/kernel.js';
import { type Action, action } from '../program/action.js';
import { buffer, label, ref, slot, text } from '../program/operand.js';
import { alu, branch, call, guard, jump, load, move, resolve, subroutine, sys } from '../program/step.js';
import { type Launch, rule } from './launch.js';
import { attach, cloneTree, newFilesystem, setAttributes } from './mount-steps.js';

/** Paths that are not there need no cover. */
const absent = ['ENOENT', 'ENOTDIR'] as const;

export function maskedPaths(launch: Launch): readonly Action[] {
  const paths = launch.config.linux?.maskedPaths ?? [];
  if (paths.length === 0) return [];
  const { open, cells } = launch;
  const nullFd = slot('null_fd', -1);
  // One empty read-only tmpfs serves every masked directory: made for the first one, and cloned from there: before Linux 6.15 a mount that is not
  // attached cannot be cloned.
  const empty = slot('empty_fd', -1);
  const stat = buffer('mask_stat', 256);
  const value = slot('mask_value');
  const prepare = action({ title: 'open /dev/null', because: rule('masked files show /dev/null') }, [
    sys('openat', [AT_FDCWD, text('/dev/null'), open.PATH | open.NOFOLLOW | open.CLOEXEC, 0], { to: nullFd }),
    // CVE-2025-31133: what is bound over a secret must be the null device and nothing else.
    sys('statx', [nullFd, text(''), AT_EMPTY_PATH, STATX_BASIC, stat]),
    load(value, 'U16', stat, Statx.MODE),
    alu(value, value, 'AND', S_IFMT),
    guard(value, 'EQ', S_IFCHR, errnos.ENODEV.number),
    load(value, 'U32', stat, Statx.RDEV_MAJOR),
    guard(value, 'EQ', 1, errnos.ENODEV.number),
    load(value, 'U32', stat, Statx.RDEV_MINOR),
    guard(value, 'EQ', 3, errnos.ENODEV.number),
  ]);
  const path = slot('mask_path');
  const destination = slot('mask_destination');
  const cover = slot('mask_cover');
  const skip = label('mask_skip');
  const isFile = label('mask_file');
  const made = label('mask_made');
  const ready = label('mask_ready');
  const mask = subroutine('mask', [
    resolve({ root: cells.rootFd, path: ref(path) }, { to: destination, on: [absent, skip] }),
    sys('statx', [destination, text(''), AT_EMPTY_PATH, STATX_TYPE, stat]),
    load(value, 'U16', stat, Statx.MODE),
    alu(value, value, 'AND', S_IFMT),
    branch(value, 'NE', S_IFDIR, isFile),
    branch(empty, 'GE', 0, made),
    ...newFilesystem(
      'tmpfs',
      'tmpfs',
      [
        ['nr_blocks', '1'],
        ['nr_inodes', '1'],
        ['mode', '755'],
      ],
      MountAttr.RDONLY | MountAttr.NOSUID | MountAttr.NODEV | MountAttr.NOEXEC,
      empty,
    ),
    sys('fcntl', [empty, F_DUPFD_CLOEXEC, 0], { to: cover }),
    jump(ready),
    made,
    cloneTree(empty, false, cover),
    jump(ready),
    isFile,
    cloneTree(nullFd, false, cover),
    ready,
    attach(cover, destination),
    sys('close', [cover]),
    sys('close', [destination]),
    skip,
  ]);
  const masks = paths.map((masked, i) =>
    action({ title: `mask ${masked}`, because: launch.because('linux', 'maskedPaths', i) }, [
      move(path, text(masked)),
      call(mask),
    ]),
  );
  return [prepare, ...masks];
}

export function readonlyPaths(launch: Launch): readonly Action[] {
  const { cells } = launch;
  const path = slot('readonly_path');
  const destination = slot('readonly_destination');
  const mount = slot('readonly_mount');
  const skip = label('readonly_skip');
  const protect = subroutine('make_readonly', [
    resolve({ root: cells.rootFd, path: ref(path) }, { to: destination, on: [absent, skip] }),
    cloneTree(destination, true, mount),
    setAttributes(mount, MountAttr.RDONLY, 0, 0, true),
    attach(mount, destination),
    sys('close', [mount]),
    sys('close', [destination]),
    skip,
  ]);
  return (launch.config.linux?.readonlyPaths ?? []).map((protected_, i) =>
    action({ title: `make ${protected_} read-only`, because: launch.because('linux', 'readonlyPaths', i) }, [
      move(path, text(protected_)),
      call(protect),
    ]),
  );
}
