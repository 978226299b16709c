/** The part of config.json that this folder reads: `linux.seccomp` of the OCI runtime spec (config-linux.md#seccomp). */
export interface LinuxSeccomp {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number | undefined;
  readonly architectures?: readonly string[] | undefined;
  readonly flags?: readonly string[] | undefined;
  readonly syscalls?: readonly LinuxSyscall[] | undefined;
}

export interface LinuxSyscall {
  readonly names: readonly string[];
  readonly action: string;
  readonly errnoRet?: number | undefined;
  readonly args?: readonly LinuxSeccompArg[] | undefined;
}

export interface LinuxSeccompArg {
  readonly index: number;
  /** Unsigned, 64 bits. JSON.parse rounds numbers above 2^53: those must come as bigint. */
  readonly value: number | bigint;
  readonly valueTwo?: number | bigint | undefined;
  readonly op: string;
}

/** Why a profile cannot be compiled. `at` is the place below `linux.seccomp`, e.g. `syscalls[3].args[0].op`. */
export type SeccompRefusal =
  /** An action that the OCI spec does not list. */
  | { readonly kind: 'unknown-action'; readonly at: string; readonly action: string }
  /** Every call would wait for an agent that cannot be told of it: not even the filter's listener could be handed over. */
  | { readonly kind: 'notify-default'; readonly at: string }
  /** The same for the one call that hands it over. */
  | { readonly kind: 'notify-write'; readonly at: string }
  /** Nobody has said who answers. */
  | { readonly kind: 'notify-whom'; readonly at: string }
  /** Hooks inside begin under the filter as well, and would be a second process with a listener of its own. */
  | { readonly kind: 'notify-hooks'; readonly at: string }
  /** An errno for an action that returns none: the OCI spec demands an error. */
  | { readonly kind: 'errno-without-use'; readonly at: string; readonly action: string }
  /** An errno that the kernel would cut off: above 4095 (MAX_ERRNO), for SCMP_ACT_TRACE above 65535. */
  | { readonly kind: 'errno-range'; readonly at: string; readonly errno: number }
  /** An architecture that the OCI spec does not list. */
  | { readonly kind: 'unknown-architecture'; readonly at: string; readonly architecture: string }
  /** An architecture with the other byte order, which libseccomp puts into no filter of this machine's. */
  | { readonly kind: 'other-byte-order'; readonly at: string; readonly architecture: string }
  /** A flag that the OCI spec does not list. */
  | { readonly kind: 'unknown-flag'; readonly at: string; readonly flag: string }
  /** A comparison that the OCI spec does not list. */
  | { readonly kind: 'unknown-operator'; readonly at: string; readonly operator: string }
  /** System calls have six arguments, numbered from 0. */
  | { readonly kind: 'argument-index'; readonly at: string; readonly index: number }
  /** Not an unsigned 64-bit number, or rounded by a JSON parser: comparing with another number would be wrong silently. */
  | { readonly kind: 'argument-value'; readonly at: string; readonly value: string }
  /** Names that no architecture has, where the caller wants to know (crun's annotation). */
  | { readonly kind: 'unknown-calls'; readonly at: ''; readonly names: readonly string[] }
  /** A filter that is given in base64 and is none. */
  | { readonly kind: 'raw-filter'; readonly at: '' }
  /** More instructions than the kernel takes (BPF_MAXINSNS, linux/bpf_common.h). */
  | { readonly kind: 'too-long'; readonly at: ''; readonly most: number };
