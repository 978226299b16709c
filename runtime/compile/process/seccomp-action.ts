/**
 * linux.seccomp: the filter, and the step that loads it.
 */
import { SECCOMP_SET_MODE_FILTER } from '../../../spec/kernel.js';
import { isSystemCall } from '../../../spec/syscall-numbers.js';
import type { Action, Because } from '../../program/action.js';
import { bytes, pointer, type Slot, slot, struct, u16, u32 } from '../../program/operand.js';
import { sys } from '../../program/step.js';
import { operation } from '../idioms/operation.js';
import { failsOnUnknownCalls, rawFilter } from '../launch/annotations.js';
import type { ProcessLaunch } from '../launch/launch.js';
import type { Refuse } from '../launch/refusal.js';
import { type Listener, listenerOf } from '../launch/seccomp-listener.js';
import { seccompFlags } from '../seccomp/profile.js';

interface Filter {
  /** struct sock_filter[] */
  readonly program: Uint8Array;
  readonly flags: number;
  readonly because: Because;
}

// linux/filter.h, struct sock_filter; linux/bpf_common.h, BPF_MAXINSNS
const INSTRUCTION = 8;
const MOST_INSTRUCTIONS = 4096;

/** Whole instructions, as many as the kernel takes; what they do is the kernel's to check. */
function decodeFilter(base64: string): Uint8Array | null {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64) || base64.length % 4 !== 0) return null;
  const program = new Uint8Array(Buffer.from(base64, 'base64'));
  const whole = program.length > 0 && program.length % INSTRUCTION === 0;
  return whole && program.length <= MOST_INSTRUCTIONS * INSTRUCTION ? program : null;
}

/** `syscalls[3].args[0].op` as a property path. */
function pathOf(at: string): readonly (string | number)[] {
  return at
    .split(/[.[\]]+/)
    .filter(part => part !== '')
    .map(part => (/^\d+$/.test(part) ? Number(part) : part));
}

/** Refusals point to the annotation where that is what has gone wrong. */
function compiledFilter(launch: ProcessLaunch, refuse: Refuse): Filter | null {
  const { config, facts } = launch;
  const { seccomp } = config.linux;
  const raw = rawFilter(config);
  if (raw !== null) {
    const because = launch.because('annotations', 'run.oci.seccomp_bpf_data');
    const program = decodeFilter(raw);
    if (program !== null) return { program, flags: seccompFlags(seccomp?.flags), because };
    refuse(because, { kind: 'seccomp', refusal: { kind: 'raw-filter', at: '' } });
    return null;
  }
  if (!seccomp) return null;
  const compiled = launch.compileFilter(seccomp, facts.arch);
  if (compiled.kind === 'refused') {
    refuse(launch.because('linux', 'seccomp', ...pathOf(compiled.reason.at)), {
      kind: 'seccomp',
      refusal: compiled.reason,
    });
    return null;
  }
  const names = failsOnUnknownCalls(config) ? compiled.unknownNames.filter(name => !isSystemCall(name)) : [];
  if (names.length > 0) {
    const refusal = { kind: 'unknown-calls', at: '', names } as const;
    refuse(launch.because('annotations', 'run.oci.seccomp_fail_unknown_syscall'), {
      kind: 'seccomp',
      refusal,
    });
    return null;
  }
  return { program: compiled.program, flags: compiled.flags, because: launch.because('linux', 'seccomp') };
}

/** The filter that is loaded, and who answers the calls of which it notifies. */
export interface LoadedFilter {
  readonly load: Action;
  /** With the slot in which init finds the descriptor. */
  readonly notifies: { readonly listener: Listener; readonly fd: Slot } | null;
}

function notified(launch: ProcessLaunch, refuse: Refuse): LoadedFilter['notifies'] {
  const listener = listenerOf(launch);
  if (listener === null) return null;
  if (listener.socket === null)
    refuse(listener.because, { kind: 'seccomp', refusal: { kind: 'notify-whom', at: '' } });
  return { listener, fd: slot('listener', -1) };
}

export function seccompAction(launch: ProcessLaunch, refuse: Refuse): LoadedFilter | null {
  const filter = compiledFilter(launch, refuse);
  if (filter === null) return null;
  const instructions = filter.program.length / INSTRUCTION;
  const program = struct('sock_fprog', [
    u16(instructions),
    u16(0),
    u32(0),
    pointer(bytes('seccomp filter', filter.program)),
  ]);
  const { seccomp } = launch.config.linux;
  const flags = seccomp?.flags ?? [];
  const notifies = notified(launch, refuse);
  const to = notifies === null ? {} : { to: notifies.fd };
  return {
    notifies,
    load: operation({ kind: 'load-seccomp-filter', instructions, flags, because: filter.because }, [
      sys('seccomp', [SECCOMP_SET_MODE_FILTER, filter.flags, program], to),
    ]),
  };
}
