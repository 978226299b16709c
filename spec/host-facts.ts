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
  readonly egid: number;
  /** Name of the user of the caller. */
  readonly owner: string;
  readonly cgroup: CgroupFacts;
  /** That of the caller; null: the host's. Root in another one has no rights over what is outside of it. */
  readonly userNamespace: UserNamespace | null;
  /** What the host has of cgroups besides, but where the caller may make nothing; null: nothing. */
  readonly withheld: WithheldCgroups | null;
  /** Not given: it is not mounted, or nobody asked for it. */
  readonly resctrl?: ResctrlFacts;
  readonly lsm: { readonly apparmor: boolean; readonly selinux: boolean };
}

/** The file system of cache and memory bandwidth allocation. */
export interface ResctrlFacts {
  readonly mount: string;
  /** The group that linux.intelRdt.closID names; null: there is none, or none is named. */
  readonly group: { readonly schemata: string } | null;
}

export interface WithheldCgroups {
  readonly controllers: readonly string[];
  /** All that are mounted: the container stays where its caller is in them. */
  readonly all: CgroupFacts;
}

/** What is known of a user namespace from inside (user_namespaces(7)). */
export interface UserNamespace {
  readonly uids: readonly IdRange[];
  readonly gids: readonly IdRange[];
  /** setgroups(2) is not denied. */
  readonly setgroups: boolean;
}

/** Ids of the namespace that stand for ids outside; others cannot be had. */
export interface IdRange {
  readonly first: number;
  readonly count: number;
}

/** One mounted cgroup v1 hierarchy, or the v2 one. */
export interface CgroupHierarchy {
  /** Where it is mounted, e.g. /sys/fs/cgroup/cpu,cpuacct */
  readonly mount: string;
  /** Controllers bound to it; for a named v1 hierarchy ["name=systemd"]; for v2 the content of cgroup.controllers at its root. */
  readonly controllers: readonly string[];
  /** The runtime's own cgroup in it, relative to the mount: begins with "/". */
  readonly own: string;
  /** What the caller may write to begins here, relative to the mount; not given: at the mount itself. */
  readonly from?: string;
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
