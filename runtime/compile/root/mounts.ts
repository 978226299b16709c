/**
 * config.json `mounts`: each is made detached (fsopen(2), open_tree(2)) and moved onto a destination that was opened inside the root, so that
 * no path is followed twice (CVE-2021-30465) and nothing outside the root is reached.
 */

import { errnos } from '../../../spec/errno.js';
import {
  AT_EMPTY_PATH,
  AT_RECURSIVE,
  MountAttr,
  OPEN_TREE_CLOEXEC,
  OPEN_TREE_CLONE,
  PROC_SUPER_MAGIC,
  STATX_ATTR_MOUNT_ROOT,
  STATX_TYPE,
  Statx,
} from '../../../spec/kernel.js';
import type { BindMount, FilesystemMount, NormalMount, Remount } from '../../../spec/normal-mount.js';
import type { OperationOf } from '../../../spec/operations/index.js';
import type { Action, Because } from '../../program/action.js';
import { buffer, type Slot, slot, text } from '../../program/operand.js';
import { alu, guard, type Line, load, sys } from '../../program/step.js';
import type { CgroupDirectory } from '../cgroups/driver.js';
import { adjust, attach, setAttributes } from '../idioms/mount-steps.js';
import { operation } from '../idioms/operation.js';
import type { Launch } from '../launch/launch.js';
import type { Warn } from '../launch/refusal.js';
import { cgroupMount } from './cgroup-mount.js';
import type { Places } from './destination.js';
import { dataOf } from './mount-data.js';
import { anyFilesystem, anyReconfigure } from './mount-whole.js';
import { takenFromCovered } from './tmpfs.js';

/** Without those that say that it is a bind. */
function shownOptions({ options }: NormalMount): readonly string[] {
  return options.filter(word => word !== 'bind' && word !== 'rbind');
}

/** What runc allows to be mounted inside /proc: single files that lxcfs and the like provide. Anything else would fake the kernel's word. */
const insideProc =
  /^\/proc\/(cpuinfo|diskstats|meminfo|stat|swaps|uptime|loadavg|slabinfo|net\/dev|sys\/kernel\/ns_last_pid|sys\/crypto\/fips_enabled)$/;

/** A mount that no runtime should make. */
export function fakesProc(m: NormalMount): boolean {
  if (m.place === '/proc') return m.kind === 'cgroup' || (m.kind === 'filesystem' && m.type !== 'proc');
  return m.place.startsWith('/proc/') && !insideProc.test(m.place);
}

/** Options that nothing comes of: runc and crun hand them to the kernel, which does not look at them for a bind. */
export function warnOfMounts(launch: Launch, warn: Warn): void {
  for (const [index, m] of launch.config.mounts.entries()) {
    const what = m.kind === 'bind' || (m.kind === 'remount' && m.bind) ? m.withoutEffect : [];
    if (what.length > 0)
      warn(launch.because('mounts', index), { kind: 'bind-options-without-effect', options: what });
  }
}

/** Where a bind comes from: a path on the host; relative ones count from the bundle (spec: "Mounts"). */
export function sourcePath(launch: Launch, { source }: BindMount): string {
  return source.startsWith('/') ? source : `${launch.options.bundle}/${source}`;
}

/**
 * Mounts made below it are to reach the host (Podman's `rshared`, Bidirectional of Kubernetes): the bind and the root both ask for it, as with runc and crun. Such a bind has to
 * be a copy from before the namespace was cut off from the host's, and not even crun and runc cut it off then.
 */
function reachesHost({ environment, config }: Launch, { propagation }: BindMount): boolean {
  const asked = config.linux.rootfsPropagation;
  return environment === null && propagation?.kind === 'shared' && asked?.kind === 'shared';
}

const cloneFlags = ({ below }: BindMount): number =>
  OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (below ? AT_RECURSIVE : 0);

/** `open`: a copy that is there already. */
function bind(launch: Launch, places: Places, m: BindMount, because: Because, open: Slot | null): Action {
  const mount = open ?? slot('mount');
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
  const does: OperationOf<'bind'> = {
    kind: 'bind',
    source: m.source,
    destination: m.destination,
    recursive: m.below,
    options: shownOptions(m),
    because,
  };
  return operation(does, [
    ...(open ? [] : launch.placement.openSource(text(sourcePath(launch, m)), cloneFlags(m), mount)),
    ...mustBeProc,
    sys('statx', [mount, text(''), AT_EMPTY_PATH, STATX_TYPE, stat]),
    load(mode, 'U16', stat, Statx.MODE),
    ...places.open({ path: m.place, make: 'like-source', sourceMode: mode }, destination, does),
    ...adjust(mount, m, 0),
    attach(mount, destination),
    sys('close', [mount]),
    sys('close', [destination]),
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
function remount(launch: Launch, places: Places, m: Remount, index: number, because: Because): Action {
  const destination = slot('destination');
  const does: OperationOf<'remount'> = {
    kind: 'remount',
    bind: m.bind,
    type: m.type,
    source: m.source,
    destination: m.destination,
    recursive: m.below,
    options: shownOptions(m),
    because,
  };
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

/** The attributes fsmount(2) itself takes. */
const madeByFsmount = 0xff;

/** A read-only file system whose inside the runtime still has to fill: mount points of later mounts, device nodes. */
function isFilledLater(launch: Launch, { own, place }: FilesystemMount, index: number): boolean {
  if ((own.set & MountAttr.RDONLY) === 0) return false;
  const later = launch.config.mounts.slice(index + 1);
  return place === '/dev' || later.some(other => other.place.startsWith(`${place}/`));
}

/** `deferred`: keeps the mount open in that slot, to be made read-only when all is in place. */
function filesystem(
  launch: Launch,
  places: Places,
  m: FilesystemMount,
  because: Because,
  deferred: Slot | null,
): Action {
  const set = m.own.set & ~(deferred ? MountAttr.RDONLY : 0);
  const { open } = launch;
  const mount = deferred ?? slot('mount');
  const destination = slot('destination');
  const { type, source, data } = m;
  // /proc and /sys must be real directories: behind a symlink, programs would trust something else (CVE-2019-16884).
  const strict = type === 'proc' || type === 'sysfs';
  const covered = takenFromCovered(launch, m, destination, mount);
  // What is still to be filled is not read-only yet.
  const made = set & madeByFsmount & ~(covered ? MountAttr.RDONLY : 0);
  const options = shownOptions(m);
  const does: OperationOf<'mount'> = {
    kind: 'mount',
    type,
    source,
    destination: m.destination,
    options,
    because,
  };
  return operation(does, [
    ...anyFilesystem(launch, type, source, dataOf(launch, type, data), made, mount),
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
    ...(deferred ? [] : [sys('close', [mount])]),
    sys('close', [destination]),
  ]);
}

function copyShared(launch: Launch, m: BindMount, because: Because, open: Slot): Action {
  const { source, destination } = m;
  return operation({ kind: 'copy-shared', source, destination, because }, [
    ...launch.placement.openSource(text(sourcePath(launch, m)), cloneFlags(m), open),
  ]);
}

function sealMount({ destination }: FilesystemMount, because: Because, mount: Slot): Action {
  return operation({ kind: 'seal-mount', destination, because }, [
    setAttributes(mount, MountAttr.RDONLY, 0, 0, false),
    sys('close', [mount]),
  ]);
}

export interface MountActions {
  /** Before the namespace is cut off from the host's. */
  readonly shared: readonly Action[];
  /** One action for each mount, in the order of config.json. */
  readonly actions: readonly Action[];
  /** Read-only at last: what could not be so while it was being filled. */
  readonly seal: readonly Action[];
}

/** `cgroups`: the directories of the container, for mounts of that type. */
export function mountActions(
  launch: Launch,
  places: Places,
  cgroups: readonly CgroupDirectory[],
): MountActions {
  const seal: Action[] = [];
  const shared: Action[] = [];
  const { placement } = launch;
  const actions = launch.config.mounts.flatMap((m, i): readonly Action[] => {
    const elided = placement.elided.get(i);
    if (elided) return elided;
    const [first, ...rest] = made(m, i);
    return first ? [{ ...first, lines: [...placement.uncover(m, i), ...first.lines] }, ...rest] : [];
  });
  function made(m: NormalMount, i: number): readonly Action[] {
    const because = launch.because('mounts', i);
    switch (m.kind) {
      case 'remount':
        return [remount(launch, places, m, i, because)];
      case 'bind': {
        const open = reachesHost(launch, m) ? slot(`shared_${i}`, -1) : null;
        if (open) shared.push(copyShared(launch, m, because, open));
        return [bind(launch, places, m, because, open)];
      }
      case 'cgroup':
        return cgroupMount(launch, places, cgroups, m, because);
      case 'filesystem': {
        const deferred = isFilledLater(launch, m, i) ? slot('sealed_later', -1) : null;
        if (deferred) seal.push(sealMount(m, because, deferred));
        return [filesystem(launch, places, m, because, deferred)];
      }
    }
  }
  return { shared, actions, seal };
}
