/** Words for what the compiler refuses: the config is right, but this host or this version cannot do it. */
import { unreachable } from '../../spec/unreachable.js';
import type { CompileRefusal, RefusalReason } from '../compile/launch/refusal.js';
import type { SeccompRefusal } from '../compile/seccomp/linux-seccomp.js';
import { placeOf } from '../program/action.js';
import { visible } from './visible.js';

function seccompText(refusal: SeccompRefusal): string {
  switch (refusal.kind) {
    case 'unknown-action':
      return `there is no action \`${refusal.action}\``;
    case 'notify':
      return 'SCMP_ACT_NOTIFY is not supported by this version';
    case 'errno-without-use':
      return `the action \`${refusal.action}\` returns no errno; leave errnoRet out`;
    case 'errno-range':
      return `the kernel cannot return the errno ${refusal.errno}`;
    case 'unknown-architecture':
      return `there is no architecture \`${refusal.architecture}\``;
    case 'other-byte-order':
      return `\`${refusal.architecture}\` has another byte order than this machine: leave it out`;
    case 'unknown-flag':
      return `there is no flag \`${refusal.flag}\``;
    case 'unknown-operator':
      return `there is no comparison \`${refusal.operator}\``;
    case 'argument-index':
      return `system calls have the arguments 0 to 5, not ${refusal.index}`;
    case 'argument-value':
      return `${refusal.value} is not an unsigned number of 64 bits`;
    case 'unknown-calls':
      return `there is no system call ${refusal.names.map(name => `\`${name}\``).join(', ')}`;
    case 'raw-filter':
      return 'a filter is given in base64, as 1 to 4096 instructions of 8 bytes';
    case 'too-long':
      return `it makes ${refusal.instructions} instructions, and the kernel takes ${refusal.most} at most`;
    default:
      return unreachable(refusal);
  }
}

function reasonText(reason: RefusalReason): string {
  switch (reason.kind) {
    case 'no-controller':
      return `set a limit: this host's cgroups (${reason.layout}) have no ${reason.controller} controller; mount it or leave the limit out`;
    case 'only-on-v1':
      return `set ${reason.property}: only cgroup v1 has it, and this host has v2`;
    case 'only-on-v2':
      return `set ${reason.property}: only cgroup v2 has it, and this host has v1`;
    case 'no-cgroups':
      return `set ${reason.property}: cgroups are disabled or not mounted`;
    case 'no-such-cgroup':
      return `enter a cgroup of controller ${reason.controller}: the container has none`;
    case 'mount-inside-proc':
      return `mount on \`${reason.destination}\`: it is inside /proc, where the kernel's own files must not be covered`;
    case 'mount-too-long':
      return `mount on \`${reason.destination}\`: ${reason.bytes} bytes of ${reason.what}, and the kernel takes ${reason.most} at most`;
    case 'lacking-capabilities':
      return `give capabilities that chos-runtime itself has not got: ${reason.names.join(', ')}`;
    case 'capabilities-outside':
      return `set ${reason.set} capabilities that are not ${reason.of}: ${reason.names.join(', ')}`;
    case 'needs-mount-namespace':
      return `set ${reason.property}: it would change the host, because the container has no mount namespace of its own`;
    case 'device-in-tree':
      return `make device \`${reason.path}\`: in an environment devices are in /dev only, because nothing is made in a tree`;
    case 'lsm-missing':
      return `set the ${reason.lsm} label: this kernel has no ${reason.lsm} enabled`;
    case 'console-socket-without-terminal':
      return '--console-socket is given, but process.terminal is false';
    case 'terminal-without-console-socket':
      return 'process.terminal is true, but nobody would receive the terminal; give --console-socket';
    case 'seccomp':
      return `compile the seccomp profile: ${seccompText(reason.refusal)}`;
    case 'needs-root':
      return 'start a container without being root: not supported by this version';
    case 'not-its-own-cgroup':
      return "a cgroupsPath that is not below the root or the caller's own cgroup is not supported by this version";
    default:
      return unreachable(reason);
  }
}

export function refusalText({ because, reason }: CompileRefusal): string {
  return visible(`${reasonText(reason)}${placeOf(because)}`);
}
