/**
 * What the compiler is told of the host. Probed by runtime/host, faked by golden tests; nothing else about the host reaches the compiler.
 */
import type { Arch } from './image.js';

export interface HostFacts {
  readonly arch: Arch;
  readonly kernel: { readonly major: number; readonly minor: number };
  /** /proc/sys/kernel/cap_last_cap */
  readonly lastCapability: number;
  /** Capability numbers that the runtime itself holds (CapPrm and CapBnd): no container can get others. */
  readonly capabilities: readonly number[];
  readonly euid: number;
  readonly cgroup: CgroupFacts;
  readonly lsm: { readonly apparmor: boolean; readonly selinux: boolean };
}

/** One mounted cgroup v1 hierarchy, or the v2 one. */
export interface CgroupHierarchy {
  /** Where it is mounted, e.g. /sys/fs/cgroup/cpu,cpuacct */
  readonly mount: string;
  /** Controllers bound to it; for a named v1 hierarchy ["name=systemd"]; for v2 the content of cgroup.controllers at its root. */
  readonly controllers: readonly string[];
  /** The runtime's own cgroup in it, relative to the mount: begins with "/". */
  readonly own: string;
}

export type CgroupFacts =
  | { readonly layout: 'none' }
  | { readonly layout: 'v1'; readonly hierarchies: readonly CgroupHierarchy[] }
  | {
      readonly layout: 'hybrid';
      readonly hierarchies: readonly CgroupHierarchy[];
      readonly unified: CgroupHierarchy;
    }
  | { readonly layout: 'v2'; readonly unified: CgroupHierarchy };
