/**
 * A v1 cpuset without cpus and mems takes no process (ENOSPC), and a new one has none: each directory that is made on the way inherits
 * its parent's, as runc does.
 */
import { AT_FDCWD } from '../../../spec/kernel.js';
import { buffer, label, slot, text } from '../../program/operand.js';
import { branch, type Line, sys } from '../../program/step.js';
import type { Launch } from '../launch/launch.js';
import type { CgroupDirectory } from './driver.js';

export const hasCpuset = (d: CgroupDirectory): boolean =>
  d.version === 1 && d.hierarchy.controllers.includes('cpuset');

export function seedCpuset(launch: Launch, d: CgroupDirectory): readonly Line[] {
  const { open } = launch;
  const lines: Line[] = [];
  const here = slot('cpuset_dir');
  const above = slot('cpuset_parent');
  const fd = slot('cpuset_fd');
  const size = slot('cpuset_size');
  // A list of 8,192 CPUs in its longest form (CONFIG_NR_CPUS; every other one).
  const value = buffer('cpuset_value', 65536);
  const levels = d.endsInId ? d.components.length + 1 : d.components.length;
  lines.push(
    sys('openat', [AT_FDCWD, text(d.hierarchy.mount), open.PATH | open.DIRECTORY | open.CLOEXEC, 0], {
      to: above,
    }),
  );
  for (let i = 1; i <= levels; i++) {
    const path =
      i > d.components.length ? d.memory : text([d.hierarchy.mount, ...d.components.slice(0, i)].join('/'));
    lines.push(sys('openat', [AT_FDCWD, path, open.PATH | open.DIRECTORY | open.CLOEXEC, 0], { to: here }));
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      const next = label('cpuset_seeded');
      lines.push(
        sys('openat', [here, text(file), open.RDONLY | open.CLOEXEC, 0], { to: fd }),
        sys('read', [fd, value, 65536], { to: size }),
        sys('close', [fd]),
        branch(size, 'GT', 1, next),
        sys('openat', [above, text(file), open.RDONLY | open.CLOEXEC, 0], { to: fd }),
        sys('read', [fd, value, 65536], { to: size }),
        sys('close', [fd]),
        sys('openat', [here, text(file), open.WRONLY | open.CLOEXEC, 0], { to: fd }),
        sys('write', [fd, value, size]),
        sys('close', [fd]),
        next,
      );
    }
    lines.push(sys('dup3', [here, above, open.CLOEXEC]), sys('close', [here]));
  }
  lines.push(sys('close', [above]));
  return lines;
}
