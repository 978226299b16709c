/**
 * The command line: one table for commander, the engine's front door, the man pages and shell completion.
 * Facts: oci-contract.md A1-A3 (what Podman, conmon, containerd, CRI-O and Slurm pass).
 */
import type { ParameterName } from './parameters.js';

/** Entry points of launch programs. The number is part of the image format: append, never renumber. */
export const entries = {
  create: 0,
  run: 1,
  start: 2,
  kill: 3,
  delete: 4,
  state: 5,
  pause: 6,
  resume: 7,
  exec: 8,
  /** Sets something up on the host (tree prepare, tree release). */
  host: 9,
} as const;
export type Entry = keyof typeof entries;

export interface Option {
  /** Long name without dashes. */
  readonly long: string;
  readonly short?: string;
  /**
   * flag: no value, but `--flag=true|false` is accepted. text, number: one value, `--opt V` or `--opt=V`.
   * list: as text, may be repeated. ignored: as flag, accepted without effect. ignored-text: one value, no effect.
   */
  readonly kind: 'flag' | 'text' | 'number' | 'list' | 'ignored' | 'ignored-text';
  readonly value?: string;
  readonly about: string;
  /** The launch-program parameter that the front door fills from it. */
  readonly parameter?: ParameterName;
}

export interface Command {
  readonly name: string;
  readonly about: string;
  /** Positional arguments as shown in the usage line; the first is the container id where `id` is true. */
  readonly usage: string;
  readonly id: boolean;
  /** Everything behind the first positional argument is data, even if it begins with a dash (exec, kill, ps). */
  readonly stopAtFirst: boolean;
  readonly options: readonly Option[];
  /** The stored program's entry that serves it without Node, if the options given all have parameters. */
  readonly stored?: Entry;
  /** It reads config.json of the bundle: the front door opens it (--bundle, --config) and passes the descriptor. */
  readonly config?: true;
  /** It starts a process inside a container: the engine goes on from a sealed memfd. */
  readonly joins?: true;
}
