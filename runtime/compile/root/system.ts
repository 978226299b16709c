/**
 * Host name, sysctl and security labels: what is set once the namespaces are there.
 */
import { errnos } from '../../../spec/errno.js';
import { AT_FDCWD, PROC_SUPER_MAGIC } from '../../../spec/kernel.js';
import type { Action } from '../../program/action.js';
import { attempt } from '../../program/control.js';
import { buffer, characters, type Slot, slot, text } from '../../program/operand.js';
import { guard, type Line, load, sys } from '../../program/step.js';
import { newFilesystem } from '../idioms/mount-steps.js';
import { operation } from '../idioms/operation.js';
import { isConfined } from '../launch/confined.js';
import { type Launch, type ProcessLaunch, rule } from '../launch/launch.js';
import type { Refuse } from '../launch/refusal.js';

export function names(launch: Launch): readonly Action[] {
  const { hostname, domainname } = launch.config;
  const out: Action[] = [];
  for (const [property, value, call] of [
    ['hostname', hostname, 'sethostname'],
    ['domainname', domainname, 'setdomainname'],
  ] as const) {
    if (value === null) continue;
    const data = characters(property, value);
    out.push(
      operation({ kind: 'set-name', property, value, because: launch.because(property) }, [
        sys(call, [data, data.size]),
      ]),
    );
  }
  return out;
}

export interface ProcActions {
  /** While mounts can still be made. */
  readonly open: readonly Action[];
  readonly sysctl: readonly Action[];
  /** Right before the process's identity changes. */
  readonly labels: readonly Action[];
}

/**
 * sysctl and LSM labels are written through a procfs of our own that is mounted nowhere: whatever the container's /proc has been made
 * to look like cannot redirect them (CVE-2025-52881).
 */
export function procActions(
  launch: ProcessLaunch,
  refuse: Refuse,
  /** One more process has only its own labels to write. */
  of: 'container' | 'process',
): ProcActions {
  const { open } = launch;
  const { sysctls, mountLabel } =
    of === 'container' ? launch.config.linux : { sysctls: [], mountLabel: null };
  const { apparmorProfile, selinuxLabel } = launch.process;
  const { lsm } = launch.facts;
  if (apparmorProfile && !lsm.apparmor)
    refuse(launch.because('process', 'apparmorProfile'), { kind: 'lsm-missing', lsm: 'apparmor' });
  if (selinuxLabel && !lsm.selinux)
    refuse(launch.because('process', 'selinuxLabel'), { kind: 'lsm-missing', lsm: 'selinux' });
  if (mountLabel !== null && !lsm.selinux)
    refuse(launch.because('linux', 'mountLabel'), { kind: 'lsm-missing', lsm: 'selinux' });
  if (sysctls.length === 0 && !apparmorProfile && !selinuxLabel) return { open: [], sysctl: [], labels: [] };

  const proc = slot('proc_fd', -1);
  const fd = slot('proc_file');
  const write: Write = (path, value) => {
    const data = characters(path, value);
    return [
      sys('openat', [proc, text(path), open.WRONLY | open.CLOEXEC, 0], { to: fd }),
      sys('write', [fd, data, data.size]),
      sys('close', [fd]),
    ];
  };
  return {
    open: [
      operation({ kind: 'open-procfs', because: rule('CVE-2025-52881') }, [...privateProc(launch, proc)]),
    ],
    sysctl: sysctls.map(({ name, file, value }) =>
      operation(
        { kind: 'sysctl', name, value, because: launch.because('linux', 'sysctl', name) },
        write(`sys/${file}`, value),
      ),
    ),
    labels: labelActions(launch, write),
  };
}

/** Where a user namespace may mount none, because the pid namespace is not its own, that of the host, which has not been left yet: checked to be one. */
function privateProc(launch: ProcessLaunch, to: Slot): readonly Line[] {
  if (!isConfined(launch)) return newFilesystem('proc', 'proc', [], 0, to);
  const { open } = launch;
  const stat = buffer('proc_statfs', 256);
  const kind = slot('proc_kind');
  return attempt(['EPERM'], may => newFilesystem('proc', 'proc', [], 0, to, may), [
    sys('openat', [AT_FDCWD, text('/proc'), open.PATH | open.DIRECTORY | open.CLOEXEC, 0], { to }),
    sys('fstatfs', [to, stat]),
    load(kind, 'U64', stat),
    guard(kind, 'EQ', PROC_SUPER_MAGIC, errnos.EPERM.number),
  ]);
}

/** Below the procfs. */
type Write = (path: string, value: string) => readonly Line[];

/** What the next execve(2) makes of the process. */
function labelActions({ process, because }: ProcessLaunch, write: Write): readonly Action[] {
  const { apparmorProfile, selinuxLabel } = process;
  const out: Action[] = [];
  if (apparmorProfile)
    out.push(
      operation(
        {
          kind: 'use-label',
          of: 'AppArmor',
          label: apparmorProfile,
          because: because('process', 'apparmorProfile'),
        },
        write('thread-self/attr/apparmor/exec', `exec ${apparmorProfile}`),
      ),
    );
  if (selinuxLabel)
    out.push(
      operation(
        {
          kind: 'use-label',
          of: 'SELinux',
          label: selinuxLabel,
          because: because('process', 'selinuxLabel'),
        },
        write('thread-self/attr/exec', selinuxLabel),
      ),
    );
  return out;
}
