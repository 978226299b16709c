/** Words for what the compiler refuses: the config is right, but this host or this version cannot do it. */
import { unreachable } from '../../spec/unreachable.js';
import type { CompileRefusal, RefusalReason, UnitFault } from '../compile/launch/refusal.js';
import type { SeccompRefusal } from '../compile/seccomp/linux-seccomp.js';
import { placeOf } from '../program/action.js';
import { visible } from './visible.js';

function seccompText(refusal: SeccompRefusal): string {
  switch (refusal.kind) {
    case 'unknown-action':
      return `there is no action \`${refusal.action}\``;
    case 'notify-default':
      return 'SCMP_ACT_NOTIFY cannot be the default action: the agent has to be told of the filter, which takes system calls';
    case 'notify-write':
      return 'SCMP_ACT_NOTIFY cannot judge write: the agent is told of the filter by it';
    case 'notify-whom':
      return 'SCMP_ACT_NOTIFY needs linux.seccomp.listenerPath, the socket of an agent';
    case 'notify-hooks':
      return 'SCMP_ACT_NOTIFY does not go together with startContainer hooks in this version';
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
      return `it makes more than ${refusal.most} instructions, which is what the kernel takes at most`;
    default:
      return unreachable(refusal);
  }
}

function unitText(fault: UnitFault): string {
  switch (fault.kind) {
    case 'parts':
      return 'name a scope of systemd: give SLICE:PREFIX:NAME, such as machine.slice:libpod:box (or do without --systemd-cgroup)';
    case 'slice':
      return `name a scope of systemd: \`${visible(fault.slice)}\` is no slice, such as machine.slice or machine-a.slice`;
    case 'name-is-slice':
      return `name a scope of systemd: \`${visible(fault.name)}\` is a slice, which holds no processes`;
    case 'too-long':
      return `name a scope of systemd: \`${visible(fault.name)}\` is too long, a unit's name has 255 bytes at most`;
    default:
      return unreachable(fault);
  }
}

function reasonText(reason: RefusalReason): string {
  switch (reason.kind) {
    case 'unit-name':
      return unitText(reason.fault);
    case 'no-controller':
      return `set a limit: this host's cgroups (${reason.layout}) have no ${reason.controller} controller; mount it or leave the limit out`;
    case 'only-on-v1':
      return `set ${reason.property}: only cgroup v1 has it, and this host has v2`;
    case 'only-on-v2':
      return `set ${reason.property}: only cgroup v2 has it, and this host has v1`;
    case 'needs-limit':
      return `set ${reason.property}: with cgroup v2 only together with memory.limit; give both`;
    case 'no-cgroups':
      return `set ${reason.property}: cgroups are disabled or not mounted`;
    case 'no-such-cgroup':
      return `enter a cgroup of controller ${reason.controller}: the container has none`;
    case 'mount-inside-proc':
      return `mount on \`${reason.destination}\`: it is inside /proc, where the kernel's own files must not be covered`;
    case 'mount-too-long':
      return `mount on \`${reason.destination}\`: ${reason.bytes} bytes of ${reason.what}, and the kernel takes ${reason.most} at most`;
    case 'argument-too-long':
      return `start the process: ${reason.bytes} bytes in one ${reason.what}, and the kernel takes ${reason.most} at most`;
    case 'mount-of-unknown-source':
      return `save the container: config.json does not tell what is mounted on \`${visible(reason.destination)}\`, so nobody could mount it again; unmount it first`;
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
    case 'unmapped-id':
      return `become ${reason.of} ${reason.id}: it is not mapped in the user namespace of the caller (/proc/self/${reason.of}_map)`;
    case 'setgroups-denied':
      return 'set additionalGids: the user namespace of the caller denies it (/proc/self/setgroups); leave them out';
    case 'not-delegated':
      return `set ${reason.property}: the ${reason.controller} controller is not delegated to the caller; leave the limit out, or start from a cgroup that is`;
    case 'not-mapped':
      return `become ${reason.of} ${reason.id}: the user namespace of the container has no such id (see linux.${reason.of === 'user' ? 'uid' : 'gid'}Mappings)`;
    case 'needs-mappings':
      return 'make a user namespace without uidMappings and gidMappings: nobody in it would be anybody';
    case 'no-resctrl':
      return 'limit cache and memory bandwidth: resctrl is not mounted (mount -t resctrl resctrl /sys/fs/resctrl, if the CPU has it)';
    case 'no-resctrl-group':
      return `enter resctrl group \`${visible(reason.path)}\`: it does not exist, and no schemata to make it with are given`;
    case 'other-schemata':
      return `enter resctrl group \`${visible(reason.path)}\`: it is there already, and \`${visible(reason.line)}\` does not hold in it`;
    case 'restored-without-resctrl':
      return 'restore a container into a group of resctrl: not supported by this version; leave linux.intelRdt out';
    case 'not-its-own-cgroup':
      return "a cgroupsPath that is not below the root or the caller's own cgroup is not supported by this version";
    default:
      return unreachable(reason);
  }
}

export function refusalText({ because, reason }: CompileRefusal): string {
  return visible(`${reasonText(reason)}${placeOf(because)}`);
}
