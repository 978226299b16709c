import { TemplateField } from '../../../spec/instructions.js';
import { AT_FDCWD, type OpenFlags } from '../../../spec/kernel.js';
import { buffer, field, type Label, type Slot, slot, slots } from '../../program/operand.js';
import { format, type Line, scan, sys } from '../../program/step.js';

/** Field 22 of /proc/PID/stat: with the pid it names a process for good (proc_pid_stat(5)). */
export function readStartTime(open: OpenFlags, pid: Slot, to: Slot, gone: Label): readonly Line[] {
  const path = buffer('stat_path', 40);
  const content = buffer('stat_text', 1024);
  const fd = slot('stat_fd');
  const size = slot('stat_size');
  const at = slots('stat_at', 2);
  return [
    format(path, ['/proc/', field(TemplateField.DECIMAL, pid), '/stat']),
    sys('openat', [AT_FDCWD, path, open.RDONLY | open.CLOEXEC, 0], {
      to: fd,
      on: [['ENOENT', 'ESRCH'], gone],
    }),
    sys('read', [fd, content, 1023], { to: size, on: [['ESRCH'], gone] }),
    sys('close', [fd]),
    // The command may hold blanks and parentheses; behind the last ")" there are none.
    scan('FIND_LAST', { buffer: content, length: size, byte: 0x29 }, { to: at }),
    scan('SKIP', { buffer: content, length: size, start: at, byte: 0x20, count: 20 }, { to: at }),
    scan('NUMBER', { buffer: content, length: size, start: at }, { to }),
  ];
}
