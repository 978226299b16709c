/** How long a start in a tree takes, by starting something there: `chos NAME true`, every so often, one at a time, only of trees that were named for it. */
import { firstLine, type Looking, output } from './look.js';
import type { StartTimes } from './site.js';

/** Seconds. */
export const BOUNDS: readonly number[] = [0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

interface Counted {
  readonly counts: number[];
  sum: number;
  count: number;
  failures: number;
}

export interface Starts {
  readonly times: () => readonly StartTimes[];
  readonly stop: () => void;
}

export interface Starting extends Omit<Looking, 'args' | 'fresh'> {
  readonly trees: readonly string[];
  /** Milliseconds between two rounds. */
  readonly interval: number;
  readonly failed: (tree: string, what: string) => void;
}

export function counted(known: Counted, seconds: number): void {
  known.sum += seconds;
  known.count++;
  const index = BOUNDS.findIndex(bound => seconds <= bound);
  if (index >= 0) known.counts[index] = (known.counts[index] ?? 0) + 1;
}

export const none = (): Counted => ({ counts: BOUNDS.map(() => 0), sum: 0, count: 0, failures: 0 });

export function startEvery({ trees, interval, failed, ...starting }: Starting): Starts {
  const known = new Map(trees.map(tree => [tree, none()]));
  let timer: NodeJS.Timeout;
  let stopped = false;
  /** Trees whose last start is still there. */
  const hanging = new Set<string>();
  const round = async (): Promise<void> => {
    for (const [tree, times] of known) {
      if (stopped) return;
      if (hanging.has(tree)) continue;
      hanging.add(tree);
      const began = performance.now();
      const ended = await output({ ...starting, args: [tree, '--', 'true'] }, () => hanging.delete(tree));
      if (ended.code === 0) counted(times, (performance.now() - began) / 1000);
      else {
        times.failures++;
        failed(tree, ended.why ?? (firstLine(ended.errors) || `exit code ${ended.code}`));
      }
    }
    if (!stopped) timer = setTimeout(() => void round(), interval);
  };
  timer = setTimeout(() => void round(), 0);
  return {
    times: () => [...known].map(([tree, times]) => ({ tree, ...times })),
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
