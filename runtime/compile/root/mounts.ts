/** config.json `mounts` as records; make-mount.ts has their steps. */
import { MountAttr } from '../../../spec/kernel.js';
import type { BindMount, FilesystemMount, NormalMount } from '../../../spec/normal-mount.js';
import { slot } from '../../program/operand.js';
import type { CgroupDirectory } from '../cgroups/driver.js';
import { hasUsers, type Launch } from '../launch/launch.js';
import type { Warn } from '../launch/refusal.js';
import { shownCgroups } from './cgroup-mount.js';
import type { PlannedMount } from './planned.js';

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

/** A read-only file system whose inside the runtime still has to fill: mount points of later mounts, device nodes. */
function isFilledLater(launch: Launch, { own, place, type }: FilesystemMount, index: number): boolean {
  if ((own.set & MountAttr.RDONLY) === 0) return false;
  // Nothing is made in a sysfs, and where that of the host is read-only, no other may be mounted in a user namespace, not even for a moment.
  if (type === 'sysfs' && hasUsers(launch)) return false;
  const later = launch.config.mounts.slice(index + 1);
  return place === '/dev' || later.some(other => other.place.startsWith(`${place}/`));
}

/** One record for each entry, in the order of config.json. `cgroups`: the directories of the container. */
export function plannedMounts(launch: Launch, cgroups: readonly CgroupDirectory[]): readonly PlannedMount[] {
  return launch.config.mounts.map((entry, index) => plannedMount(launch, cgroups, entry, index));
}

function plannedMount(
  launch: Launch,
  cgroups: readonly CgroupDirectory[],
  entry: NormalMount,
  index: number,
): PlannedMount {
  const because = launch.because('mounts', index);
  const { destination } = entry;
  const options = shownOptions(entry);
  const uncovers: readonly string[] = [];
  switch (entry.kind) {
    case 'remount': {
      const { kind, bind, type, source, below: recursive } = entry;
      const does = { kind, bind, type, source, destination, recursive, options, because };
      return { kind, does, entry, index, uncovers };
    }
    case 'bind': {
      const { kind, source, below: recursive } = entry;
      const copy = reachesHost(launch, entry) ? slot(`shared_${index}`, -1) : null;
      const does = { kind, source, destination, recursive, options, because };
      return { kind, does, entry, index, uncovers, copy };
    }
    case 'cgroup': {
      const shown = shownCgroups(cgroups).map(d => d.hierarchy.mount);
      const does = { kind: 'mount-cgroups', destination, shown, options: entry.options, because } as const;
      return { kind: entry.kind, does, entry, index, uncovers };
    }
    case 'filesystem': {
      const { kind, type, source } = entry;
      const sealed = isFilledLater(launch, entry, index) ? slot('sealed_later', -1) : null;
      const does = { kind: 'mount', type, source, destination, options, because } as const;
      return { kind, does, entry, index, uncovers, sealed };
    }
  }
}
