/** Everything that the page and the metrics tell. */
import type { Seen } from './look.js';

/** As spec/tree-list.schema.json has it. */
export interface ListedTree {
  readonly name: string;
  readonly path: string;
  readonly system: string | null;
  readonly description: string;
  readonly backEnd: string;
  readonly default: boolean;
  readonly prepared: string | null;
  readonly stale: string | null;
  readonly created: string | null;
  readonly holders: number;
  readonly users: readonly { readonly uid: number; readonly name: string | null }[];
  readonly kernel: boolean | null;
  readonly shares: readonly ListedShare[];
}

export interface ListedShare {
  readonly path: string;
  readonly readonly: boolean;
  readonly optional: boolean;
  readonly answer: string;
  readonly milliseconds: number | null;
}

/** As spec/who.schema.json has it. */
export interface ListedProcess {
  readonly pid: number;
  readonly uid: number;
  readonly user: string | null;
  readonly tree: string | null;
  readonly generation: string | null;
  readonly backEnd: string;
  readonly container: { readonly id: string; readonly root: string } | null;
  readonly job: { readonly id: string; readonly step: string | null } | null;
  readonly start: string;
  readonly command: string;
}

/** As spec/doctor.schema.json has it. */
export interface Examined {
  readonly fault: boolean;
  readonly lines: readonly {
    readonly check: string;
    readonly result: string;
    readonly what: string;
    readonly mend: string | null;
  }[];
}

/** Something that went wrong while the dashboard was there. */
export interface Trouble {
  /** `doctor: shares`, `start: debian13` */
  readonly where: string;
  readonly what: string;
  /** Milliseconds since 1970. */
  readonly first: number;
  readonly last: number;
  readonly times: number;
}

/** How long starts in a tree took. */
export interface StartTimes {
  readonly tree: string;
  /** Counts of those that took at most so many seconds (BOUNDS), each once. */
  readonly counts: readonly number[];
  readonly sum: number;
  readonly count: number;
  readonly failures: number;
}

export interface Site {
  readonly trees: Seen<readonly ListedTree[]>;
  readonly who: Seen<readonly ListedProcess[]>;
  readonly doctor: Seen<Examined>;
  readonly troubles: readonly Trouble[];
  readonly starts: readonly StartTimes[];
  readonly version: string;
  readonly host: string;
  readonly now: number;
}

/** Shares of all trees, each once, in the order of their paths. */
export function sharesOf(trees: readonly ListedTree[]): readonly ListedShare[] {
  const all = new Map(trees.flatMap(({ shares }) => shares.map(share => [share.path, share] as const)));
  return [...all.values()].sort((one, other) => (one.path < other.path ? -1 : 1));
}

/** What is missing is well, if it may be. */
export function isWell({ answer, optional }: ListedShare): boolean {
  return answer === 'answered' || (answer === 'ENOENT' && optional);
}
