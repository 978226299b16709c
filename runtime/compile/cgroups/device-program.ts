/**
 * cgroup v2 has no devices controller: a BPF program of type CGROUP_DEVICE decides (bpf(2), linux/bpf.h).
 */
import { AT_FDCWD, Bpf } from '../../../spec/kernel.js';
import type { NormalDeviceRule } from '../../../spec/normal-resources.js';
import { bytes, pointer, slot, struct, text, u32, u64 } from '../../program/operand.js';
import { type Line, store, sys } from '../../program/step.js';
import type { Launch } from '../launch/launch.js';
import { compileDeviceFilter } from './device-filter.js';
import type { CgroupDirectory } from './driver.js';

export function attachDeviceFilter(
  launch: Launch,
  d: CgroupDirectory,
  rules: readonly NormalDeviceRule[],
): readonly Line[] {
  const { open } = launch;
  const code = compileDeviceFilter(rules);
  const dir = slot('device_cgroup');
  const program = slot('device_program');
  // union bpf_attr for BPF_PROG_LOAD: type, instruction count, instructions, licence, log level, log size, log, kernel version, flags
  const load = struct('bpf_attr load', [
    u32(Bpf.PROG_TYPE_CGROUP_DEVICE),
    u32(code.length / 8),
    pointer(bytes('device filter', code)),
    pointer(text('MIT')),
    u32(0),
    u32(0),
    u64(0),
    u32(0),
    u32(0),
  ]);
  // for BPF_PROG_ATTACH: target, program, type, flags
  const attachment = struct('bpf_attr attach', [
    u32(0),
    u32(0),
    u32(Bpf.CGROUP_DEVICE),
    u32(Bpf.ALLOW_MULTI),
  ]);
  return [
    sys('openat', [AT_FDCWD, d.memory, open.RDONLY | open.DIRECTORY | open.CLOEXEC, 0], { to: dir }),
    sys('bpf', [Bpf.PROG_LOAD, load, 48], { to: program }),
    store('U32', attachment, 0, dir),
    store('U32', attachment, 4, program),
    sys('bpf', [Bpf.PROG_ATTACH, attachment, 16]),
    sys('close', [program]),
    sys('close', [dir]),
  ];
}
