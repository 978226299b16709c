/**
 * Steps of the mounts of config.json: each is made detached (fsopen(2), open_tree(2)) and moved onto a destination that was opened inside the root, so that
 * no path is followed twice (CVE-2021-30465) and nothing outside the root is reached.
 */
import { errnos } from '../../../spec/errno.js';
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_RECURSIVE,
  AT_SYMLINK_NOFOLLOW,
  MountAttr,
  OPEN_TREE_CLOEXEC,
  OPEN_TREE_CLONE,
  OpenHow,
  PROC_SUPER_MAGIC,
  STATX_ATTR_MOUNT_ROOT,
  STATX_TYPE,
  Statx,
} from '../../../spec/kernel.js';
import type { BindMount, NormalMount } from '../../../spec/normal-mount.js';
import type { Action } from '../../program/action.js';
import { attempt } from '../../program/control.js';
import { buffer, type Slot, slot, struct, text, u64 } from '../../program/operand.js';
import { alu, failVerbatim, guard, type Line, load, type Outcome, sys } from '../../program/step.js';
import { cannotMap } from '../../report/operations/root.js';
import { adjust, attach, mapOwners, setAttributes } from '../idioms/mount-steps.js';
import { operation } from '../idioms/operation.js';
import type { IdMapOf } from '../launch/id-map-of.js';
import { hasUsers, type Launch } from '../launch/launch.js';
import { copyLinkOr } from './copy-link.js';
import type { Places } from './destination.js';
import { dataOf } from './mount-data.js';
import { anyFilesystem, anyReconfigure } from './mount-whole.js';
import { sourcePath } from './mounts.js';
import type { PlannedBind, PlannedFilesystem, PlannedRemount } from './planned.js';
import { takenFromCovered } from './tmpfs.js';

const cloneFlags = ({ below, links }: BindMount): number =>
  OPEN_TREE_CLONE |
  OPEN_TREE_CLOEXEC |
  (below ? AT_RECURSIVE : 0) |
  (links.source === 'followed' ? 0 : AT_SYMLINK_NOFOLLOW);

/**
 * A mount namespace that is joined may belong to a container, and have a procfs whose links lead whoever opens them, with the rights of the host, to what its own
 * descriptors are, and to the roots of others. None of them is followed there (ELOOP).
 */
function openSourcePath(launch: Launch, entry: BindMount, to: Slot): readonly Line[] {
  const { open, namespaces, placement } = launch;
  const joined = namespaces.has('mount') && namespaces.get('mount') !== 'new';
  const path = text(sourcePath(launch, entry));
  if (!joined || placement.entered) return placement.openSource(path, cloneFlags(entry), to);
  const place = slot('source_place');
  const flags = open.PATH | open.CLOEXEC | (entry.links.source === 'followed' ? 0 : open.NOFOLLOW);
  const how = struct('open_how', [u64(flags), u64(0), u64(OpenHow.NO_MAGICLINKS)]);
  return [
    sys('openat2', [AT_FDCWD, path, how, 24], { to: place }),
    sys('open_tree', [place, text(''), AT_EMPTY_PATH | cloneFlags(entry)], { to }),
    sys('close', [place]),
  ];
}

/** The kernel says EINVAL of a file system that takes no maps. */
function mapped(
  m: NormalMount,
  of: IdMapOf,
  mount: Slot,
  does: Parameters<typeof cannotMap>[0],
): readonly Line[] {
  const users = of(m);
  if (users === null) return [];
  const words = text(cannotMap(does));
  return attempt(['EINVAL'], invalid => mapOwners(mount, users, m.idMap?.recursive ?? false, invalid), [
    failVerbatim(errnos.EINVAL.number, words, words.size - 1),
  ]);
}

export function bind(launch: Launch, places: Places, idMapOf: IdMapOf, planned: PlannedBind): Action {
  const { does, entry: m, copy } = planned;
  const mount = copy ?? slot('mount');
  const destination = slot('destination');
  const stat = buffer('source_stat', 256);
  const mode = slot('source_mode');
  const kind = slot('source_filesystem');
  // Over /proc only a procfs: anything else would answer in the kernel's name (CVE-2019-19921).
  const mustBeProc: readonly Line[] =
    m.place === '/proc'
      ? [
          sys('fstatfs', [mount, stat]),
          load(kind, 'U64', stat),
          guard(kind, 'EQ', PROC_SUPER_MAGIC, errnos.EPERM.number),
        ]
      : [];
  return operation(does, [
    ...(copy ? [] : openSourcePath(launch, m, mount)),
    ...mustBeProc,
    // What the host has opened, it has mapped, too.
    ...(hasUsers(launch) ? [] : mapped(m, idMapOf, mount, does)),
    sys('statx', [mount, text(''), AT_EMPTY_PATH, STATX_TYPE, stat]),
    load(mode, 'U16', stat, Statx.MODE),
    ...copyLinkOr(places, planned, mount, mode, [
      ...places.open(
        {
          path: m.place,
          make: 'like-source',
          sourceMode: mode,
          ...(m.links.destination === 'itself' ? { last: 'NOFOLLOW' as const } : {}),
        },
        destination,
        does,
      ),
      ...adjust(mount, m, 0),
      attach(mount, destination),
      sys('close', [mount]),
      sys('close', [destination]),
    ]),
  ]);
}

/** mount(2) says EINVAL to a remount of what is no mount; mount_setattr(2), asked to change nothing, does not look. */
function mustBeMount(fd: Slot): readonly Line[] {
  const stat = buffer('mounted_stat', 256);
  const attributes = slot('mounted_attributes');
  return [
    sys('statx', [fd, text(''), AT_EMPTY_PATH, STATX_TYPE, stat]),
    load(attributes, 'U64', stat, Statx.ATTRIBUTES),
    alu(attributes, attributes, 'AND', STATX_ATTR_MOUNT_ROOT),
    guard(attributes, 'NE', 0, errnos.EINVAL.number),
  ];
}

/**
 * An existing mount changes its attributes. Options that are the file system's own (size= of a tmpfs) go to that, as mount(2) with MS_REMOUNT has it: to wherever
 * else it is mounted, too.
 */
export function remount(launch: Launch, places: Places, { does, entry: m, index }: PlannedRemount): Action {
  const destination = slot('destination');
  const here = m.place;
  // A link that led an earlier entry somewhere leads this one to the mount that the earlier one made there.
  const ours = launch.config.mounts.slice(0, index).some(({ place }) => place === here);
  return operation(does, [
    ...(ours ? places.open({ path: here }, destination, does) : places.openMount(here, destination, does)),
    ...mustBeMount(destination),
    ...(m.bind || m.data.length === 0 ? [] : anyReconfigure(launch, destination, m.data)),
    ...adjust(destination, m, 0),
    sys('close', [destination]),
  ]);
}

/** A new file system, or, where a user namespace may not mount it, that of the host with all that is below: what is asked for counts there, too. */
function newOrHosts(
  launch: Launch,
  otherwise: string | undefined,
  set: number,
  mount: Slot,
  mountNew: (o: Outcome) => readonly Line[],
): readonly Line[] {
  if (otherwise === undefined) return mountNew({});
  const flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE;
  return attempt(['EPERM'], mountNew, [
    ...launch.placement.openSource(text(otherwise), flags, mount),
    setAttributes(mount, set & ~MountAttr._ATIME, 0, 0, true),
  ]);
}

/** The attributes fsmount(2) itself takes. */
const madeByFsmount = 0xff;

export function filesystem(
  launch: Launch,
  places: Places,
  idMapOf: IdMapOf,
  { does, entry: m, sealed }: PlannedFilesystem,
): Action {
  const set = m.own.set & ~(sealed ? MountAttr.RDONLY : 0);
  const { open } = launch;
  const mount = sealed ?? slot('mount');
  const destination = slot('destination');
  const { type, source, data } = m;
  // /proc and /sys must be real directories: behind a symlink, programs would trust something else (CVE-2019-16884).
  const strict = type === 'proc' || type === 'sysfs';
  const covered = takenFromCovered(launch, m, destination, mount);
  // What is still to be filled is not read-only yet.
  const made = set & madeByFsmount & ~(covered ? MountAttr.RDONLY : 0);
  return operation(does, [
    ...newOrHosts(launch, does.otherwise, set, mount, o =>
      anyFilesystem(launch, type, source, dataOf(launch, type, data), made, mount, o),
    ),
    ...mapped(m, idMapOf, mount, does),
    ...(covered?.look ?? []),
    ...places.open(
      {
        path: m.place,
        make: 'directories',
        flags: open.PATH | open.DIRECTORY,
        ...(strict ? { last: 'NOFOLLOW' as const } : {}),
      },
      destination,
      does,
    ),
    ...(covered?.take ?? []),
    ...adjust(mount, { ...m, own: { set, clear: 0 } }, made),
    attach(mount, destination),
    ...(sealed ? [] : [sys('close', [mount])]),
    sys('close', [destination]),
  ]);
}

/** Before the namespace is cut off from the host's. */
export function copyShared(launch: Launch, { does, entry }: PlannedBind, to: Slot): Action {
  const { source, destination, because } = does;
  return operation({ kind: 'copy-shared', source, destination, because }, [
    ...openSourcePath(launch, entry, to),
  ]);
}

/** By the rights of the host. */
export function openSource(launch: Launch, idMapOf: IdMapOf, { does, entry }: PlannedBind, to: Slot): Action {
  const { source, destination, because } = does;
  return operation({ kind: 'open-source', source, destination, because }, [
    ...openSourcePath(launch, entry, to),
    ...mapped(entry, idMapOf, to, does),
  ]);
}

/** When all is in place. */
export function sealMount({ does: { destination, because } }: PlannedFilesystem, mount: Slot): Action {
  return operation({ kind: 'seal-mount', destination, because }, [
    setAttributes(mount, MountAttr.RDONLY, 0, 0, false),
    sys('close', [mount]),
  ]);
}
