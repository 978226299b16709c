import { errnos } from '../../../spec/errno.js';
import type { Action } from '../../program/action.js';
import { buffer, cell, slot, slots } from '../../program/operand.js';
import { alu, guard, scan, sys } from '../../program/step.js';
import { operation } from '../idioms/operation.js';
import { rule } from '../launch/launch.js';

/** Kernel features that launch programs use without asking: mount_setattr(2) came with 5.12. */
export const MINIMUM_KERNEL = { major: 5, minor: 12 };

export function guardKernel(): Action {
  const name = buffer('utsname', 390);
  const RELEASE = 130;
  const major = slots('kernel_major', 2);
  const minor = slots('kernel_minor', 2);
  const from = slot('kernel_minor_at');
  const wanted = MINIMUM_KERNEL.major * 1000 + MINIMUM_KERNEL.minor;
  return operation({ kind: 'need-kernel', ...MINIMUM_KERNEL, because: rule('mount_setattr(2)') }, [
    sys('uname', [name]),
    scan('NUMBER', { buffer: name, length: 390, start: RELEASE }, { to: major }),
    alu(from, cell(major, 1), 'ADD', 1),
    scan('NUMBER', { buffer: name, length: 390, start: from }, { to: minor }),
    alu(major, major, 'MUL', 1000),
    alu(major, major, 'ADD', minor),
    guard(major, 'GE', wanted, errnos.ENOSYS.number),
  ]);
}
