/**
 * linux.seccomp: the filter, and the step that loads it.
 */
import { SECCOMP_SET_MODE_FILTER } from '../../spec/kernel.js';
import { type Action, action } from '../program/action.js';
import { bytes, pointer, struct, u16, u32 } from '../program/operand.js';
import { sys } from '../program/step.js';
import type { Launch } from './launch.js';
import type { Refuse } from './refusal.js';
import { compileSeccomp } from './seccomp/filter.js';

/** `syscalls[3].args[0].op` as a property path. */
function pathOf(at: string): readonly (string | number)[] {
  return at
    .split(/[.[\]]+/)
    .filter(part => part !== '')
    .map(part => (/^\d+$/.test(part) ? Number(part) : part));
}

export function seccompAction(launch: Launch, refuse: Refuse): Action | null {
  const { seccomp } = launch.config.linux ?? {};
  if (!seccomp) return null;
  const because = launch.because('linux', 'seccomp');
  const compiled = compileSeccomp(seccomp, launch.facts.arch);
  if (compiled.kind === 'refused') {
    refuse(launch.because('linux', 'seccomp', ...pathOf(compiled.reason.at)), {
      kind: 'seccomp',
      refusal: compiled.reason,
    });
    return null;
  }
  const program = struct('sock_fprog', [
    u16(compiled.instructions),
    u16(0),
    u32(0),
    pointer(bytes('seccomp filter', compiled.program)),
  ]);
  return action({ title: `load the seccomp filter (${compiled.instructions} instructions)`, because }, [
    sys('seccomp', [SECCOMP_SET_MODE_FILTER, compiled.flags, program]),
  ]);
}
