/**
 * Annotations by which users of crun ask for what config.json has no property for (crun(1), "Extensions to OCI"). docs/compatibility.md lists all of
 * them, also those that mean nothing here. `run.oci.handler` is refused by admit; those of hooks are hooks.ts's.
 */
import { type LabelOption, labelOptions } from '../../../spec/label-options.js';
import type { NormalConfig } from '../../../spec/normal-config.js';
import type { Launch } from './launch.js';
import type { Warn } from './refusal.js';

const prefix = 'run.oci.';

type Annotated = Pick<NormalConfig, 'annotations'>;

/** Present, but "0" switches off, as with crun. */
function isSet(config: Annotated, name: string): boolean {
  const value = config.annotations[prefix + name];
  return value !== undefined && value !== '0';
}

/** The value, if there is one. */
function textOf(config: Annotated, name: string): string | null {
  return config.annotations[prefix + name] || null;
}

/** The supplementary groups of the caller stay, whatever process.user says: Podman's `--group-add keep-groups`. */
export function keepsGroups(config: Annotated): boolean {
  return isSet(config, 'keep_original_groups');
}

/** A system call that no architecture has is a mistake in the profile, instead of nothing. */
export function failsOnUnknownCalls(config: Annotated): boolean {
  return isSet(config, 'seccomp_fail_unknown_syscall');
}

/** A filter in base64 in the place of linux.seccomp. */
export function rawFilter(config: Annotated): string | null {
  return textOf(config, 'seccomp_bpf_data');
}

/** The agent of SCMP_ACT_NOTIFY, where linux.seccomp does not name one. */
export function seccompReceiver(config: Annotated): string | null {
  return textOf(config, 'seccomp.receiver');
}

/** A Unix socket that is sent a pidfd of init, beside that of --pidfd-socket. */
export function pidfdReceiver(config: Annotated): string | null {
  return textOf(config, 'pidfd_receiver');
}

/** Lines for /proc/PID/timens_offsets in the place of linux.timeOffsets (time_namespaces(7)): the kernel judges them. */
export function timeOffsets(config: Annotated): string | null {
  return textOf(config, 'timens_offset');
}

/** The mount option that carries linux.mountLabel (mount(8), "context="); Podman asks for rootcontext on some volumes. */
export function labelOption(config: Annotated): LabelOption {
  const wanted = textOf(config, 'mount_context_type');
  return labelOptions.find(option => option === wanted) ?? 'context';
}

/** Names that crun knows and that do nothing here: what each needs is refused by this version, or has another way. */
const withoutEffect = [
  'seccomp.plugins',
  'systemd.subgroup',
  'delegate-cgroup',
  'systemd.force_cgroup_v1',
] as const;

export function warnOfAnnotations(launch: Launch, warn: Warn): void {
  const offsets = launch.namespaces.get('time') === 'new' ? [] : ['timens_offset'];
  for (const name of [...withoutEffect, ...offsets])
    if (launch.config.annotations[prefix + name] !== undefined)
      warn(launch.because('annotations', prefix + name), {
        kind: 'annotation-without-effect',
        name: prefix + name,
      });
}
