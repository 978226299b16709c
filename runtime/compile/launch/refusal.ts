/**
 * Why a launch cannot be compiled: the config is well-formed, but this host or this version cannot do it.
 */
import type { Because, Program } from '../../program/action.js';
import type { SeccompRefusal } from '../seccomp/linux-seccomp.js';

export type RefusalReason =
  | { readonly kind: 'no-controller'; readonly controller: string; readonly layout: string }
  | { readonly kind: 'only-on-v1'; readonly property: string }
  | { readonly kind: 'only-on-v2'; readonly property: string }
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
  /** linux.cgroupsPath leads to the root of the cgroups, or to the caller's own. */
  | { readonly kind: 'not-its-own-cgroup' }
  | { readonly kind: 'needs-root' };

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
