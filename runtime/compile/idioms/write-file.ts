import type { OpenFlags } from '../../../spec/kernel.js';
import { type Data, type Operand, slot, text } from '../../program/operand.js';
import { type Line, sys } from '../../program/step.js';

/** One write(2) into a file that is there, which is how the kernel takes its settings. `name`: of the descriptor. */
export function writeFile(
  open: OpenFlags,
  directory: Operand,
  path: string,
  content: Data,
  name: string,
): readonly Line[] {
  const fd = slot(name);
  return [
    sys('openat', [directory, text(path), open.WRONLY | open.CLOEXEC, 0], { to: fd }),
    sys('write', [fd, content, content.size]),
    sys('close', [fd]),
  ];
}
