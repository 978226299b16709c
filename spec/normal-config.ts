/**
 * The normal form of a config.json: what admission makes of it, and all that the compiler knows of it. Everything has been read once, lists are never absent, and
 * null is what nobody asked for. Where an entry of a list could be left out, it carries its place in the file, for the words about it.
 */
import type { CpuRange } from './cpu-list.js';
import type {
  IoPriority,
  LinuxMemoryPolicy,
  LinuxNamespaceType,
  LinuxPersonality,
  LinuxSeccomp,
  RlimitType,
  SchedulerFlag,
  SchedulerPolicy,
} from './generated/config.js';
import type { ContainerId } from './ids.js';
import type { NormalIdMapping, NormalMount, NormalPropagation } from './normal-mount.js';
import type { Integer, NormalResources } from './normal-resources.js';
import type { HostPath, TreePath, TreePlace } from './paths.js';
import type { UnitProperty } from './systemd.js';

export interface NormalConfig {
  /** In full: 1.2.0. */
  readonly ociVersion: string;
  readonly root: { readonly path: HostPath; readonly readonly: boolean };
  readonly mounts: readonly NormalMount[];
  readonly process: NormalProcess;
  readonly hostname: string | null;
  /** NIS domain name, setdomainname(2). */
  readonly domainname: string | null;
  readonly hooks: NormalHooks;
  readonly annotations: Readonly<Record<string, string>>;
  /** Those of them that are properties of the scope, if systemd makes one. */
  readonly unitProperties: readonly UnitProperty[];
  readonly linux: NormalLinux;
}

export interface NormalProcess {
  readonly terminal: boolean;
  /** Characters; null: as it comes. */
  readonly consoleSize: { readonly height: number; readonly width: number } | null;
  readonly user: NormalUser;
  readonly args: readonly [string, ...string[]];
  /** NAME=VALUE. */
  readonly env: readonly string[];
  readonly cwd: TreePath;
  /** Null: none asked for, which is five empty sets. */
  readonly capabilities: CapabilitySets | null;
  /** At most one of each kind. */
  readonly rlimits: readonly NormalRlimit[];
  readonly noNewPrivileges: boolean;
  readonly oomScoreAdj: number | null;
  readonly apparmorProfile: string | null;
  readonly selinuxLabel: string | null;
  readonly scheduler: NormalScheduler | null;
  readonly ioPriority: { readonly class: IoPriority['class']; readonly priority: number } | null;
  /** Of `exec`: before and after entering the container's cgroup. */
  readonly execCpuAffinity: { readonly initial: CpuSet | null; readonly final: CpuSet | null };
}

export interface NormalUser {
  readonly uid: ContainerId;
  readonly gid: ContainerId;
  readonly umask: number;
  readonly additionalGids: readonly ContainerId[];
}

export const capabilitySets = ['bounding', 'effective', 'inheritable', 'permitted', 'ambient'] as const;

/** Names as they are written: there may be some that nobody knows, or in small letters. */
export type CapabilitySets = Readonly<Record<(typeof capabilitySets)[number], readonly string[]>>;

export const noCapabilities: CapabilitySets = {
  bounding: [],
  effective: [],
  inheritable: [],
  permitted: [],
  ambient: [],
};

/** RLIM_INFINITY is 2^64 - 1. Units are those of setrlimit(2). */
export interface NormalRlimit {
  readonly type: RlimitType;
  readonly soft: bigint;
  readonly hard: bigint;
}

/** sched_setattr(2). */
export interface NormalScheduler {
  readonly policy: SchedulerPolicy;
  readonly nice: number;
  readonly priority: number;
  readonly flags: readonly SchedulerFlag[];
  readonly runtimeNanoseconds: Integer;
  readonly deadlineNanoseconds: Integer;
  readonly periodNanoseconds: Integer;
}

/** Of CPUs, or of memory nodes. */
export interface CpuSet {
  /** As it is written. */
  readonly list: string;
  readonly ranges: readonly CpuRange[];
}

export const hookKinds = [
  'prestart',
  'createRuntime',
  'createContainer',
  'startContainer',
  'poststart',
  'poststop',
] as const;

export type HookKind = (typeof hookKinds)[number];

/** Hooks of all kinds are executed on the host but for `startContainer`, of which the path is in the container. */
export type NormalHooks = Readonly<Record<HookKind, readonly NormalHook[]>>;

export interface NormalHook {
  readonly path: string;
  readonly args: readonly [string, ...string[]];
  /** Null: the environment that is there. */
  readonly env: readonly string[] | null;
  /** 0: over at once; null: as long as it takes. */
  readonly timeoutSeconds: number | null;
}

export type NamespaceType = LinuxNamespaceType;

/** In the order of the file, which has at most one of each type: a new one, or one that is there. */
export type Namespaces = ReadonlyMap<NamespaceType, 'new' | HostPath>;

export interface NormalLinux {
  readonly namespaces: Namespaces;
  /** Of a user namespace; no two overlap. */
  readonly uidMappings: readonly NormalIdMapping[];
  readonly gidMappings: readonly NormalIdMapping[];
  readonly timeOffsets: readonly NormalTimeOffset[];
  /** At most one for each place. */
  readonly devices: readonly NormalDevice[];
  /** Null if there is none; an empty one is none that is written down. */
  readonly cgroupsPath: string | null;
  readonly resources: NormalResources;
  readonly rootfsPropagation: NormalPropagation | null;
  readonly seccomp: LinuxSeccomp | null;
  readonly sysctls: readonly NormalSysctl[];
  readonly maskedPaths: readonly HiddenPath[];
  readonly readonlyPaths: readonly HiddenPath[];
  readonly mountLabel: string | null;
  readonly personality: LinuxPersonality['domain'] | null;
  readonly memoryPolicy: NormalMemoryPolicy | null;
  readonly netDevices: readonly NormalNetDevice[];
  readonly intelRdt: NormalIntelRdt | null;
}

/** A group of resctrl. */
export interface NormalIntelRdt {
  /** Null: one of its own, called as the container. */
  readonly closId: string | null;
  /** Lines of the file `schemata`. */
  readonly schemata: readonly string[];
  /** A group of its own for what is measured. */
  readonly monitoring: boolean;
}

export interface NormalNetDevice {
  /** On the host. */
  readonly device: string;
  /** In the container; %d: a number that the kernel chooses. */
  readonly name: string;
}

/** set_mempolicy(2). */
export interface NormalMemoryPolicy {
  readonly mode: LinuxMemoryPolicy['mode'];
  readonly nodes: CpuSet | null;
  readonly flags: readonly NonNullable<LinuxMemoryPolicy['flags']>[number][];
}

export interface NormalTimeOffset {
  readonly clock: string;
  readonly seconds: Integer;
  readonly nanoseconds: number;
}

export interface NormalDevice {
  /** In the list of config.json. */
  readonly index: number;
  readonly place: TreePlace;
  readonly type: 'c' | 'b' | 'p';
  readonly major: number;
  readonly minor: number;
  /** Permissions alone. */
  readonly mode: number;
  readonly uid: ContainerId;
  readonly gid: ContainerId;
}

export interface NormalSysctl {
  /** The property. */
  readonly name: string;
  /** Below /proc/sys. */
  readonly file: string;
  readonly value: string;
}

export interface HiddenPath {
  /** In the list of config.json. */
  readonly index: number;
  readonly path: TreePath;
  readonly place: TreePlace;
}
