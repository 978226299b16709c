/** A limit of memory that is too low to start in: init is killed by the kernel, and what is left of it is the count in its cgroup. */
import { errnos } from '../../../spec/errno.js';
import { AT_FDCWD } from '../../../spec/kernel.js';
import { placeOf } from '../../program/action.js';
import { buffer, label, slot, slots, text } from '../../program/operand.js';
import { branch, call, failVerbatim, type Line, scan, subroutine, sys } from '../../program/step.js';
import type { Launch } from '../launch/launch.js';
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
  const words = text(
    limit !== null && limit > 0
      ? `the memory limit of ${limit} bytes is too low to start in: the kernel killed init${placeOf(because)}`
      : 'init was killed by the kernel, which was out of memory (a limit of a cgroup above its own?)',
  );
  const dir = slot('memory_dir');
  const fd = slot('memory_fd');
  const content = buffer('memory_text', 256);
  const size = slot('memory_size');
  const at = slots('memory_at', 2);
  const unknown = label('memory_unknown');
  return [
    call(
      subroutine('say_if_out_of_memory', [
        sys('openat', [AT_FDCWD, d.memory, open.PATH | open.DIRECTORY | open.CLOEXEC, 0], {
          to: dir,
          on: [['ENOENT'], unknown],
        }),
        sys('openat', [dir, text(file), open.RDONLY | open.CLOEXEC, 0], {
          to: fd,
          on: [['ENOENT'], unknown],
        }),
        sys('read', [fd, content, 255], { to: size, on: [['ENODEV'], unknown] }),
        scan(
          'SKIP',
          { buffer: content, length: size, byte: 0x20, count: numbers },
          { to: at, on: [['ENOENT'], unknown] },
        ),
        scan('NUMBER', { buffer: content, length: size, start: at }, { to: at, on: [['EINVAL'], unknown] }),
        branch(at, 'EQ', 0, unknown),
        failVerbatim(errnos.ENOMEM.number, words, words.size - 1),
        unknown,
      ]),
    ),
  ];
}
