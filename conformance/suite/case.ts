import type { Bundle, Programs } from '../harness/bundle.js';
import type { Config } from '../harness/config.js';
import type { Finished, LaunchOptions, Orphans, Running } from '../harness/processes.js';
import { createRegistry } from '../harness/registry.js';
import type { CallerName } from './callers.js';
import type { Answer, Report } from './report.js';

/** What came out of a foreground `run`. */
export interface Seen {
  readonly report: Report;
  /** The answer to a probe, named by the text that asked for it. */
  at(probe: string): Answer;
  readonly finished: Finished;
  readonly caller: CallerName;
  readonly config: Config;
  readonly dir: string;
}

/** A container that `create` made. */
export interface Created {
  readonly pid: number;
  /** What the container has written to standard output so far. */
  output(): string;
  printed(text: string): Promise<string>;
  /** Exit code of the first process. */
  readonly ended: () => Promise<number>;
}

export interface State {
  readonly ociVersion: string;
  readonly id: string;
  readonly pid: number;
  readonly status: string;
  readonly bundle: string;
  readonly rootfs?: string;
  readonly created?: string;
  readonly owner?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface RuntimeOptions extends LaunchOptions {
  /** Options before the command, after `--root`. */
  readonly global?: readonly string[];
  /** Run the runtime as the last arguments of this command, which the caller starts. */
  readonly through?: readonly string[];
  /** The same, started by root before it becomes the caller. */
  readonly throughRoot?: readonly string[];
}

/** How a case drives the runtime. Everything it makes is removed afterwards and looked for. */
export interface Driver {
  readonly id: string;
  readonly dir: string;
  readonly bundle: Bundle;
  readonly config: Config;
  readonly root: string;
  readonly programs: Programs;
  readonly runtime: { readonly name: string; readonly path: string };
  readonly orphans: Orphans;
  /** Who calls the runtime. */
  readonly caller: CallerName;
  /** pid of the subreaper to which containers belong. */
  readonly supervisor: number;
  /** Rewrites config.json from the base, with the case's change and then this one. */
  configure(change: (config: Config) => void): void;
  call(command: string, args: readonly string[], options?: RuntimeOptions): Promise<Finished>;
  begin(command: string, args: readonly string[], options?: RuntimeOptions): Running;
  /** `create` with a pid file; fails the case if it does not exit 0. */
  create(args?: readonly string[], options?: RuntimeOptions): Promise<Created>;
  start(): Promise<void>;
  state(): Promise<State>;
  /** `run` in the foreground; the exit code is not checked. */
  run(args?: readonly string[], options?: RuntimeOptions): Promise<Finished>;
  exec(args: readonly string[], options?: RuntimeOptions): Promise<Finished>;
  /** Another process on the host, ended with the case. */
  helper(argv: readonly string[], options?: LaunchOptions): Running;
  /** Another container id, deleted with the case. */
  anotherId(): string;
  /** Mounts in the suite's own namespace; unmounted with the case. */
  mount(...args: readonly string[]): void;
  /** Undone after the case, last first. */
  afterwards(undo: () => void): void;
}

export interface Case {
  /** Change to the base configuration. */
  readonly config?: (config: Config, bundle: Bundle) => void;
  /** Files that the root or bundle directory needs. */
  readonly files?: (bundle: Bundle) => void;
  /** Probes that the reporter runs after its report, words parted by single blanks. */
  readonly probes?: readonly string[];
  /** Exit code that `run` must give; 0 if absent. */
  readonly exit?: number;
  /** Looks at what a foreground `run` showed. */
  readonly inside?: (seen: Seen) => void;
  /** `create` must fail with one line that matches, and leave nothing. */
  readonly refused?: RegExp;
  /** Anything else. */
  readonly drive?: (driver: Driver) => Promise<void>;
  /** Callers that it is for; all if absent. */
  readonly as?: readonly CallerName[];
  /** Why this host or runtime cannot show it, or undefined. */
  readonly skip?: (runtime: string) => string | undefined;
  /** Own process limit of this case, milliseconds. */
  readonly deadlineMs?: number;
}

export interface NamedCase extends Case {
  readonly name: string;
}

const registry = createRegistry<NamedCase>();

export const test = (name: string, definition: Case): void => registry.add({ name, ...definition });
export const cases = registry.all;
