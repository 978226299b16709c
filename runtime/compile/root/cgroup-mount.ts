/**
 * A mount of type cgroup: the container sees its own cgroups, bound from the host's hierarchies. A bind works with and without a cgroup
 * namespace and never shows more than the container's own part.
 */
import { MountAttr, OPEN_TREE_CLOEXEC, OPEN_TREE_CLONE } from '../../../spec/kernel.js';
import type { CgroupMount } from '../../../spec/normal-mount.js';
import type { Action, Because } from '../../program/action.js';
import { label, ref, slot, text } from '../../program/operand.js';
import { call, type Line, move, subroutine, sys } from '../../program/step.js';
import type { CgroupDirectory } from '../cgroups/driver.js';
import { adjust, attach, newFilesystem } from '../idioms/mount-steps.js';
import { operation } from '../idioms/operation.js';
import type { Launch } from '../launch/launch.js';
import type { Places } from './destination.js';

/** `all`: the directories of the container. */
export function cgroupMount(
  launch: Launch,
  places: Places,
  all: readonly CgroupDirectory[],
  m: CgroupMount,
  because: Because,
): readonly Action[] {
  const { open } = launch;
  // On a hybrid host that of v2 stays outside, as with runc: systemd takes a /sys/fs/cgroup/unified for a host's, and cannot use this one.
  const v1 = all.filter(d => d.version === 1);
  const directories = v1.length > 0 ? v1 : all;
  const mount = slot('cgroup_mount');
  const destination = slot('cgroup_destination');
  const flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
  const does = {
    kind: 'mount-cgroups',
    destination: m.destination,
    shown: directories.map(d => d.hierarchy.mount),
    options: m.options,
    because,
  } as const;
  const openDestination = places.open(
    { path: m.place, make: 'directories', flags: open.PATH | open.DIRECTORY },
    destination,
    does,
  );
  const whole = directories.length === 1 && directories[0]?.version === 2 ? directories[0] : undefined;
  if (whole)
    return [
      operation(does, [
        ...launch.placement.openSource(whole.memory, flags, mount),
        ...openDestination,
        ...adjust(mount, m, 0),
        attach(mount, destination),
        sys('close', [mount]),
        sys('close', [destination]),
      ]),
    ];
  if (directories.length === 0) return [operation(does, [...openDestination, sys('close', [destination])])];

  const top = slot('cgroup_top');
  const lines: Line[] = [
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
    sys('openat', [mount, text('.'), open.PATH | open.DIRECTORY | open.CLOEXEC, 0], { to: top }),
  ];
  const path = slot('cgroup_shown');
  const name = slot('cgroup_name');
  const one = slot('cgroup_one');
  const showOne = subroutine('show_cgroup', [
    ...launch.placement.openSource(ref(path), flags, one),
    sys('mkdirat', [top, ref(name), 0o755]),
    sys('openat', [top, ref(name), open.PATH | open.DIRECTORY | open.CLOEXEC, 0], { to: destination }),
    ...adjust(one, m, 0),
    attach(one, destination),
    sys('close', [one]),
    sys('close', [destination]),
  ]);
  for (const d of directories) {
    const base = d.hierarchy.mount.slice(d.hierarchy.mount.lastIndexOf('/') + 1);
    lines.push(move(path, d.memory), move(name, text(base)), call(showOne));
    // cpu and cpuacct mounted together are also found under each name.
    if (d.hierarchy.controllers.length > 1 && d.version === 1)
      for (const c of d.hierarchy.controllers) {
        const there = label('cgroup_link');
        if (c !== base)
          lines.push(sys('symlinkat', [text(base), top, text(c)], { on: [['EEXIST'], there] }), there);
      }
  }
  lines.push(...adjust(mount, m, 0), sys('close', [top]), sys('close', [mount]));
  return [operation(does, lines)];
}
