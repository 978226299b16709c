/**
 * A mount of type cgroup: the container sees its own cgroups, bound from the host's hierarchies. A bind works with and without a cgroup
 * namespace and never shows more than the container's own part.
 */
import { MountAttr, OPEN_TREE_CLOEXEC, OPEN_TREE_CLONE } from '../../../spec/kernel.js';
import type { CgroupMount } from '../../../spec/normal-mount.js';
import type { Action } from '../../program/action.js';
import { ignoring } from '../../program/control.js';
import { ref, type Slot, slot, text } from '../../program/operand.js';
import { call, type Line, move, subroutine, sys } from '../../program/step.js';
import type { CgroupDirectory } from '../cgroups/driver.js';
import { adjust, attach, newFilesystem } from '../idioms/mount-steps.js';
import { operation } from '../idioms/operation.js';
import type { Launch } from '../launch/launch.js';
import type { Places } from './destination.js';
import type { PlannedCgroups } from './planned.js';

const FLAGS = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;

/** On a hybrid host that of v2 stays outside, as with runc: systemd takes a /sys/fs/cgroup/unified for a host's, and cannot use this one. */
export function shownCgroups(all: readonly CgroupDirectory[]): readonly CgroupDirectory[] {
  const v1 = all.filter(d => d.version === 1);
  return v1.length > 0 ? v1 : all;
}

/** `all`: the directories of the container. */
export function mountCgroups(
  launch: Launch,
  places: Places,
  all: readonly CgroupDirectory[],
  { does, entry: m }: PlannedCgroups,
): Action {
  const { open } = launch;
  const directories = shownCgroups(all);
  const mount = slot('cgroup_mount');
  const destination = slot('cgroup_destination');
  const openDestination = places.open(
    { path: m.place, make: 'directories', flags: open.PATH | open.DIRECTORY },
    destination,
    does,
  );
  const whole = directories.length === 1 && directories[0]?.version === 2 ? directories[0] : undefined;
  if (whole)
    return operation(does, [
      ...launch.placement.openSource(whole.memory, FLAGS, mount),
      ...openDestination,
      ...adjust(mount, m, 0),
      attach(mount, destination),
      sys('close', [mount]),
      sys('close', [destination]),
    ]);
  if (directories.length === 0) return operation(does, [...openDestination, sys('close', [destination])]);
  return operation(does, [
    ...newFilesystem(
      'tmpfs',
      'cgroup',
      [['mode', '755']],
      MountAttr.NOSUID | MountAttr.NODEV | MountAttr.NOEXEC,
      mount,
    ),
    ...openDestination,
    attach(mount, destination),
    sys('close', [destination]),
    ...showEach(launch, m, directories, mount, destination),
    sys('close', [mount]),
  ]);
}

/** Each hierarchy in the tmpfs `mount`, which then gets its own attributes. `destination`: a slot to use. */
function showEach(
  launch: Launch,
  m: CgroupMount,
  directories: readonly CgroupDirectory[],
  mount: Slot,
  destination: Slot,
): readonly Line[] {
  const { open } = launch;
  const top = slot('cgroup_top');
  const path = slot('cgroup_shown');
  const name = slot('cgroup_name');
  const one = slot('cgroup_one');
  const showOne = subroutine('show_cgroup', [
    ...launch.placement.openSource(ref(path), FLAGS, one),
    sys('mkdirat', [top, ref(name), 0o755]),
    sys('openat', [top, ref(name), open.PATH | open.DIRECTORY | open.CLOEXEC, 0], { to: destination }),
    ...adjust(one, m, 0),
    attach(one, destination),
    sys('close', [one]),
    sys('close', [destination]),
  ]);
  return [
    sys('openat', [mount, text('.'), open.PATH | open.DIRECTORY | open.CLOEXEC, 0], { to: top }),
    ...directories.flatMap(d => {
      const base = d.hierarchy.mount.slice(d.hierarchy.mount.lastIndexOf('/') + 1);
      return [move(path, d.memory), move(name, text(base)), call(showOne), ...alsoAs(d, base, top)];
    }),
    ...adjust(mount, m, 0),
    sys('close', [top]),
  ];
}

/** cpu and cpuacct mounted together are also found under each name. */
function alsoAs({ version, hierarchy }: CgroupDirectory, base: string, top: Slot): readonly Line[] {
  const { controllers } = hierarchy;
  if (controllers.length <= 1 || version !== 1) return [];
  return controllers
    .filter(name => name !== base)
    .flatMap(name => ignoring(['EEXIST'], there => [sys('symlinkat', [text(base), top, text(name)], there)]));
}
