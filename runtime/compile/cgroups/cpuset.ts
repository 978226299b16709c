/**
 * A v1 cpuset without cpus and mems takes no process (ENOSPC), and a new one has none: each directory that is made on the way inherits
 * its parent's, as runc does.
 */
import { when } from '../../program/control.js';
import { buffer, type Slot, slot, text } from '../../program/operand.js';
import { type Line, sys } from '../../program/step.js';
import type { Launch } from '../launch/launch.js';
import type { CgroupDirectory } from './driver.js';
import { openPlace } from './open-place.js';

export const hasCpuset = (d: CgroupDirectory): boolean =>
  d.version === 1 && d.hierarchy.controllers.includes('cpuset');

/** One file, from that of the directory above if it is empty. */
function inherit({ open }: Launch, file: string, here: Slot, above: Slot): readonly Line[] {
  const fd = slot('cpuset_fd');
  const size = slot('cpuset_size');
  // A list of 8,192 CPUs in its longest form (CONFIG_NR_CPUS; every other one).
  const value = buffer('cpuset_value', 65536);
  const read = (directory: Slot): readonly Line[] => [
    sys('openat', [directory, text(file), open.RDONLY | open.CLOEXEC, 0], { to: fd }),
    sys('read', [fd, value, 65536], { to: size }),
    sys('close', [fd]),
  ];
  return [
    ...read(here),
    ...when(size, 'LE', 1, [
      ...read(above),
      sys('openat', [here, text(file), open.WRONLY | open.CLOEXEC, 0], { to: fd }),
      sys('write', [fd, value, size]),
      sys('close', [fd]),
    ]),
  ];
}

export function seedCpuset(launch: Launch, d: CgroupDirectory): readonly Line[] {
  const { open } = launch;
  const here = slot('cpuset_dir');
  const above = slot('cpuset_parent');
  const on = d.components.map((_, i) => text([d.hierarchy.mount, ...d.components.slice(0, i + 1)].join('/')));
  return [
    openPlace(open, text(d.hierarchy.mount), above),
    ...[...on, ...(d.endsInId ? [d.memory] : [])].flatMap(path => [
      openPlace(open, path, here),
      ...['cpuset.cpus', 'cpuset.mems'].flatMap(file => inherit(launch, file, here, above)),
      sys('dup3', [here, above, open.CLOEXEC]),
      sys('close', [here]),
    ]),
    sys('close', [above]),
  ];
}
