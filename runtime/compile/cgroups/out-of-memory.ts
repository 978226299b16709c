/** A limit of memory that is too low to start in: init is killed by the kernel, and what is left of it is the count in its cgroup. */
import { errnos } from '../../../spec/errno.js';
import { ignoring, when } from '../../program/control.js';
import { buffer, slot, slots, text } from '../../program/operand.js';
import { call, failVerbatim, type Line, scan, subroutine, sys } from '../../program/step.js';
import { outOfMemory } from '../../report/operations/cgroups.js';
import type { Launch } from '../launch/launch.js';
import { openPlace } from './open-place.js';
import { type CgroupPlan, directoryOf } from './plan.js';

/** memory.oom_control of v1 (oom_kill_disable, under_oom, oom_kill: Linux 4.13) and memory.events of v2 (low, high, max, oom, oom_kill). */
const COUNT = {
  1: { file: 'memory.oom_control', numbers: 3 },
  2: { file: 'memory.events', numbers: 5 },
} as const;

/** Steps that fail with a sentence if the kernel has killed a process of the container for want of memory. */
export function whyKilled(launch: Launch, plan: CgroupPlan): readonly Line[] {
  const { open, config } = launch;
  const d = directoryOf(plan, 'memory');
  if (!d) return [];
  const { file, numbers } = COUNT[d.version];
  const limit = config.linux.resources.memory.limitBytes;
  const because = launch.because('linux', 'resources', 'memory', 'limit');
  const words = text(outOfMemory(limit !== null && limit > 0 ? limit : null, because));
  const dir = slot('memory_dir');
  const fd = slot('memory_fd');
  const content = buffer('memory_text', 256);
  const size = slot('memory_size');
  const at = slots('memory_at', 2);
  const say = subroutine(
    'say_if_out_of_memory',
    ignoring(['ENOENT', 'ENODEV', 'EINVAL'], unknown => [
      openPlace(open, d.memory, dir, unknown),
      sys('openat', [dir, text(file), open.RDONLY | open.CLOEXEC, 0], { to: fd, ...unknown }),
      sys('read', [fd, content, 255], { to: size, ...unknown }),
      scan('SKIP', { buffer: content, length: size, byte: 0x20, count: numbers }, { to: at, ...unknown }),
      scan('NUMBER', { buffer: content, length: size, start: at }, { to: at, ...unknown }),
      ...when(at, 'NE', 0, [failVerbatim(errnos.ENOMEM.number, words, words.size - 1)]),
    ]),
  );
  return [call(say)];
}
