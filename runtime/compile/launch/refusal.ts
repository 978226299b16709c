/**
 * Why a launch cannot be compiled: the config is well-formed, but this host or this version cannot do it.
 */
import type { Because, Program } from '../../program/action.js';
import type { SeccompRefusal } from '../seccomp/linux-seccomp.js';

/** Why linux.cgroupsPath names no scope of systemd's. */
export type UnitFault =
  /** It has not three parts. */
  | { readonly kind: 'parts' }
  | { readonly kind: 'slice'; readonly slice: string }
  /** A slice holds no processes. */
  | { readonly kind: 'name-is-slice'; readonly name: string }
  | { readonly kind: 'too-long'; readonly name: string };

export type RefusalReason =
  | { readonly kind: 'no-controller'; readonly controller: string; readonly layout: string }
  | { readonly kind: 'only-on-v1'; readonly property: string }
  | { readonly kind: 'only-on-v2'; readonly property: string }
  /** Swap alone: v1 counts memory and swap together, v2 apart. */
  | { readonly kind: 'needs-limit'; readonly property: string }
  | { readonly kind: 'no-cgroups'; readonly property: string }
  /** The container is in no cgroup of a hierarchy with that controller. */
  | { readonly kind: 'no-such-cgroup'; readonly controller: string }
  | { readonly kind: 'mount-inside-proc'; readonly destination: string }
  /** More than mount(2) takes, of what fsconfig(2) does not take. */
  | {
      readonly kind: 'mount-too-long';
      readonly destination: string;
      readonly what: 'source' | 'options';
      readonly bytes: number;
      readonly most: number;
    }
  /** One argument or variable of more bytes than execve(2) takes. */
  | {
      readonly kind: 'argument-too-long';
      readonly what: 'argument' | 'variable';
      readonly bytes: number;
      readonly most: number;
    }
  /** Capabilities that the runtime itself has not got, in a set into which it would have to raise them. */
  | { readonly kind: 'lacking-capabilities'; readonly names: readonly string[] }
  /** Capabilities of one set that have to be in another one, too (capabilities(7)). */
  | {
      readonly kind: 'capabilities-outside';
      readonly names: readonly string[];
      readonly set: string;
      readonly of: string;
    }
  | { readonly kind: 'needs-mount-namespace'; readonly property: string }
  /** A device outside /dev would be made in the tree of an environment. */
  | { readonly kind: 'device-in-tree'; readonly path: string }
  | { readonly kind: 'lsm-missing'; readonly lsm: 'apparmor' | 'selinux' }
  | { readonly kind: 'console-socket-without-terminal' }
  | { readonly kind: 'terminal-without-console-socket' }
  | { readonly kind: 'seccomp'; readonly refusal: SeccompRefusal }
  /** Of a container that is to be saved: a hook made it, or it came with the one above it. */
  | { readonly kind: 'mount-of-unknown-source'; readonly destination: string }
  /** linux.cgroupsPath leads to the root of the cgroups, or to the caller's own. */
  | { readonly kind: 'not-its-own-cgroup' }
  /** Of the user namespace of the caller. */
  | { readonly kind: 'unmapped-id'; readonly of: 'uid' | 'gid'; readonly id: number }
  | { readonly kind: 'setgroups-denied' }
  /** Its controller is there, but the caller may make no group in which it works. */
  | { readonly kind: 'not-delegated'; readonly property: string; readonly controller: string }
  /** The user namespace of the container has no such id. */
  | { readonly kind: 'not-mapped'; readonly of: 'user' | 'group'; readonly id: number }
  | { readonly kind: 'unit-name'; readonly fault: UnitFault }
  | { readonly kind: 'no-resctrl' }
  /** linux.intelRdt.closID names a group that somebody has to have made. */
  | { readonly kind: 'no-resctrl-group'; readonly path: string }
  /** It is there, and others rely on it as it is. */
  | { readonly kind: 'other-schemata'; readonly path: string; readonly line: string }
  /** CRIU starts processes of which nobody could say in time to which group of resctrl they belong. */
  | { readonly kind: 'restored-without-resctrl' }
  /** A new user namespace without a map: root of the host would have to choose who is who. */
  | { readonly kind: 'needs-mappings' };

export interface CompileRefusal {
  readonly because: Because;
  readonly reason: RefusalReason;
}

/** What is left out or taken otherwise than config.json says it; the command goes on. */
export type WarningReason =
  /** Capabilities that this kernel, or no kernel, has. */
  | { readonly kind: 'unknown-capabilities'; readonly names: readonly string[] }
  /** Capabilities that the runtime itself has not got: the bounding set is without them. */
  | { readonly kind: 'lacking-capabilities'; readonly names: readonly string[] }
  /** What is said of a file system, on a bind of one that is mounted already. */
  | { readonly kind: 'bind-options-without-effect'; readonly options: readonly string[] }
  /** An annotation of crun's that does nothing here. */
  | { readonly kind: 'annotation-without-effect'; readonly name: string };

export interface CompileWarning {
  readonly because: Because;
  readonly reason: WarningReason;
}

export type Warn = (because: Because, reason: WarningReason) => void;
export type Refuse = (because: Because, reason: RefusalReason) => void;

export interface Judgement {
  readonly refusals: readonly CompileRefusal[];
  readonly warnings: readonly CompileWarning[];
  readonly refuse: Refuse;
  readonly warn: Warn;
}

/** Collects, while a program is made, what speaks against it. */
export function createJudgement(): Judgement {
  const refusals: CompileRefusal[] = [];
  const warnings: CompileWarning[] = [];
  return {
    refusals,
    warnings,
    refuse: (because, reason) => refusals.push({ because, reason }),
    warn: (because, reason) => warnings.push({ because, reason }),
  };
}

/** A program, or why there is none. */
export type Compiled =
  | {
      readonly kind: 'program';
      readonly program: Program;
      readonly warnings: readonly CompileWarning[];
    }
  | { readonly kind: 'refused'; readonly refusals: readonly CompileRefusal[] };

export function compiled({ refusals, warnings }: Judgement, program: () => Program): Compiled {
  return refusals.length > 0
    ? { kind: 'refused', refusals }
    : { kind: 'program', warnings, program: program() };
}
