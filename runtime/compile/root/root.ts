/**
 * The root file system: from a directory on the host to "/" of the container (config.md "Root", CVE-2021-30465).
 */
import {
  AT_FDCWD,
  MNT_DETACH,
  MountAttr,
  PROC_SUPER_MAGIC,
  Propagation,
  SYSFS_MAGIC,
} from '../../../spec/kernel.js';
import type { Action } from '../../program/action.js';
import { ignoring, repeat, when } from '../../program/control.js';
import { buffer, type Slot, slot, text } from '../../program/operand.js';
import { type Line, load, resolve, sys } from '../../program/step.js';
import { chrootHere, pivotHere } from '../idioms/enter-root.js';
import {
  attach,
  cloneTree,
  propagateRoot,
  propagationFlags,
  propagationWord,
  setAttributes,
} from '../idioms/mount-steps.js';
import { openRealDirectory } from '../idioms/open-real.js';
import { operation } from '../idioms/operation.js';
import { isConfined } from '../launch/confined.js';
import { type Launch, rule } from '../launch/launch.js';
import { hidePins } from './hide-pins.js';

export function rootPath(launch: Launch): string {
  const path = launch.environment?.path ?? launch.config.root.path;
  return path.startsWith('/') ? path : `${launch.options.bundle}/${path}`;
}

/**
 * The new mount namespace is a copy of the host's: first of all nothing in it may travel back. Slave unless config.json says otherwise,
 * so that mounts made on the host later can still arrive. rshared is set at the end only (it would undo this).
 */
export function separate(launch: Launch): Action {
  const asked = launch.config.linux.rootfsPropagation;
  const lets = asked === null || asked.kind === 'shared' || asked.kind === 'slave';
  const own = asked?.kind === 'private' ? Propagation.PRIVATE : Propagation.SLAVE;
  return operation(
    {
      kind: 'separate-mounts',
      propagation: lets ? 'rslave' : propagationWord(asked),
      because:
        asked === null
          ? rule('a container never mounts on its host')
          : launch.because('linux', 'rootfsPropagation'),
    },
    [
      propagateRoot(own, true),
      // A namespace that is joined may be the host's.
      ...(launch.namespaces.get('mount') === 'new' ? hidePins() : []),
    ],
  );
}

/** What is registered has no symlinks; a path of config.json is followed as the kernel does. */
export function openRoot({ open, environment }: Launch, path: string, to: Slot): Line {
  return environment === null
    ? sys('openat', [AT_FDCWD, text(path), open.PATH | open.DIRECTORY | open.CLOEXEC, 0], { to })
    : openRealDirectory(open, path, to);
}

/** Before init becomes somebody who may not reach it. */
export function findRoot(launch: Launch, place: Slot): Action {
  const path = rootPath(launch);
  return operation({ kind: 'find-root', path, because: launch.because('root', 'path') }, [
    openRoot(launch, path, place),
  ]);
}

/** A mount of the root of its own: pivot_root(2) wants one, and its parent must not be shared. `found`: open on it. */
export function mountRoot(launch: Launch, found: Slot | null = null): Action {
  const { cells } = launch;
  const path = rootPath(launch);
  const place = found ?? slot('root_place');
  return operation({ kind: 'mount-root', path, because: launch.because('root', 'path') }, [
    ...(found === null ? [openRoot(launch, path, place)] : []),
    cloneTree(place, true, cells.rootFd),
    attach(cells.rootFd, place),
    sys('close', [place]),
  ]);
}

/**
 * The directory in which the process starts is made while the root is still writable; but in an environment never: it would be made in the tree, or in a
 * share, where whoever may write to it decides by symlinks where.
 */
export function makeWorkingDirectory(launch: Launch): readonly Action[] {
  const { environment } = launch;
  if (environment !== null && (environment.hostView.length > 0 || environment.readonly)) return [];
  const fd = slot('cwd_fd');
  const path = launch.process.cwd;
  return [
    operation(
      { kind: 'make-working-directory', path, because: launch.because('process', 'cwd') },
      ignoring(['EROFS', 'EACCES', 'EPERM', 'ENOTDIR'], cannot => [
        resolve({ root: launch.cells.rootFd, path: text(path), make: 'directories' }, { to: fd, ...cannot }),
        sys('close', [fd]),
      ]),
    ),
  ];
}

export function readonlyRoot(launch: Launch): readonly Action[] {
  if (!launch.config.root.readonly && launch.environment?.readonly !== true) return [];
  return [
    operation({ kind: 'make-root-readonly', because: launch.because('root', 'readonly') }, [
      setAttributes(launch.cells.rootFd, MountAttr.RDONLY, 0, 0, false),
    ]),
  ];
}

/**
 * Without pivot_root(2) the host's mounts stay in the namespace, hidden below the new root. Its /proc and /sys must not: as long as a procfs without masks is
 * in the namespace, a process with a user namespace of its own may mount another (mount_too_revealing() of fs/namespace.c). As runc does, which also covers with a tmpfs
 * what the namespace of the caller has locked.
 */
function uncoverKernel(launch: Launch): readonly Action[] {
  const kernel = { '/proc': PROC_SUPER_MAGIC, '/sys': SYSFS_MAGIC } as const;
  return (['/proc', '/sys'] as const).map(path =>
    operation({ kind: 'unmount-host', path, because: rule('--no-pivot') }, [
      ...repeat(({ leave }) => [
        sys('umount2', [text(path), MNT_DETACH], { on: [['EINVAL', 'ENOENT'], leave] }),
      ]),
      ...(isConfined(launch) ? coverIf(launch, path, kernel[path]) : []),
    ]),
  );
}

/** If a file system of that kind is there. */
function coverIf({ open }: Launch, path: string, magic: number): readonly Line[] {
  const fd = slot('locked_mount', -1);
  const stat = buffer('locked_statfs', 256);
  const kind = slot('locked_filesystem');
  const flags = open.PATH | open.DIRECTORY | open.CLOEXEC;
  return ignoring(['ENOENT'], missing => [
    sys('openat', [AT_FDCWD, text(path), flags, 0], { to: fd, ...missing }),
    sys('fstatfs', [fd, stat]),
    sys('close', [fd]),
    load(kind, 'U64', stat),
    ...when(kind, 'EQ', magic, [sys('mount', [text('tmpfs'), text(path), text('tmpfs'), 0, 0])]),
  ]);
}

/** With --no-pivot by a move and a chroot. */
export function pivot(launch: Launch): readonly Action[] {
  const { cells, options } = launch;
  const asked = launch.config.linux.rootfsPropagation;
  const after =
    asked !== null && (asked.kind === 'shared' || asked.kind === 'unbindable')
      ? [
          operation(
            {
              kind: 'propagate-root',
              propagation: propagationWord(asked),
              because: launch.because('linux', 'rootfsPropagation'),
            },
            [propagateRoot(propagationFlags[asked.kind], asked.recursive)],
          ),
        ]
      : [];
  if (options.noPivot)
    return [
      ...uncoverKernel(launch),
      operation({ kind: 'move-root', because: rule('--no-pivot') }, [
        sys('fchdir', [cells.rootFd]),
        sys('mount', [text('.'), text('/'), 0, 0x2000, 0]),
        ...chrootHere(),
        sys('close', [cells.rootFd]),
      ]),
      ...after,
    ];
  return [
    operation({ kind: 'pivot', because: rule('pivot_root') }, [
      sys('fchdir', [cells.rootFd]),
      ...pivotHere(),
      sys('close', [cells.rootFd]),
    ]),
    ...after,
  ];
}

/** Without a mount namespace: the tree as it is. */
export function chrootOnly(launch: Launch): readonly Action[] {
  const path = rootPath(launch);
  const { cells } = launch;
  return [
    operation({ kind: 'open-root', path, because: launch.because('root', 'path') }, [
      openRoot(launch, path, cells.rootFd),
    ]),
  ];
}

export function chrootInto(launch: Launch): readonly Action[] {
  const { cells } = launch;
  return [
    operation({ kind: 'chroot', because: rule('no mount namespace') }, [
      sys('fchdir', [cells.rootFd]),
      ...chrootHere(),
      sys('close', [cells.rootFd]),
    ]),
  ];
}
