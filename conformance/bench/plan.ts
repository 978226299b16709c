/** What the timer runs: a plan as data, its text form, and the result (timer.c describes both). */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** In arguments `{n}` is the number of the round, with four digits, and `{i}` that of the command in a burst or series. */
export type Step =
  | { readonly kind: 'time'; readonly label: string; readonly argv: readonly string[] }
  /** burst: so many at the same moment. series: one after the other. Each is measured. */
  | {
      readonly kind: 'burst' | 'series';
      readonly label: string;
      readonly count: number;
      readonly argv: readonly string[];
    }
  /** status: a line of /proc/PID/status or smaps_rollup, each round. last: once, when all else is over. */
  | {
      readonly kind: 'status' | 'last';
      readonly label: string;
      readonly key: string;
      readonly pidFile: string;
    }
  | { readonly kind: 'resident'; readonly label: string; readonly pidFile: string }
  | { readonly kind: 'await'; readonly pidFile: string }
  /** once: before the rounds. quiet: each round, must succeed. try: may fail. finish: after the rounds. */
  | { readonly kind: 'once' | 'quiet' | 'try' | 'finish'; readonly argv: readonly string[] };

export interface Contestant {
  readonly name: string;
  readonly steps: readonly Step[];
}

export interface Plan {
  readonly seed: number;
  readonly rounds: number;
  readonly warmup: number;
  /** Pause before every measured command, in milliseconds. */
  readonly gap: number;
  /** Preparation inside the private namespace: lines of words for the timer. */
  readonly prepare: readonly (readonly string[])[];
  readonly contestants: readonly Contestant[];
}

export interface Series {
  readonly label: string;
  readonly kind: 'time' | 'burst' | 'series' | 'resident' | 'status' | 'last';
  /** Commands of a round. */
  readonly each: number;
  /** Nanoseconds, or KiB, of each command of each round. */
  readonly values: readonly number[];
  /** Peak resident memory of the command in KiB, or Pss in KiB. */
  readonly memory: readonly number[];
}

export type Outcome =
  | { readonly name: string; readonly status: 'measured'; readonly series: readonly Series[] }
  /** A command failed: which, its exit code, and the last thing anybody wrote to stderr. */
  | { readonly name: string; readonly status: 'failed'; readonly reason: string }
  | { readonly name: string; readonly status: 'absent'; readonly reason: string };

interface TimerOutput {
  readonly contenders: readonly {
    readonly name: string;
    readonly failedStep: string;
    readonly exitCode: number;
    readonly steps: readonly Series[];
  }[];
}

const stepWords = (step: Step): readonly string[] => {
  switch (step.kind) {
    case 'time':
      return ['time', step.label, ...step.argv];
    case 'burst':
    case 'series':
      return [step.kind, step.label, `${step.count}`, ...step.argv];
    case 'status':
    case 'last':
      return [step.kind, step.label, step.key, step.pidFile];
    case 'resident':
      return ['resident', step.label, step.pidFile];
    case 'await':
      return ['await', step.pidFile];
    default:
      return [step.kind, ...step.argv];
  }
};

export const encodePlan = (plan: Plan): string => {
  const lines: (readonly string[])[] = [
    ['seed', `${plan.seed}`],
    ['rounds', `${plan.rounds}`],
    ['warmup', `${plan.warmup}`],
    ['gap', `${plan.gap}`],
    ...plan.prepare,
  ];
  for (const one of plan.contestants) lines.push(['contender', one.name], ...one.steps.map(stepWords));
  return lines.map(words => `${words.join('\t')}\n`).join('');
};

/** The last line that explains something: the timer does not know whose it is, so it is evidence, not proof. */
const lastWords = (errors: string): string => errors.trim().split('\n').slice(-2).join(' / ').slice(-300);

/** The timer's JSON; `errors`: what was written to stderr meanwhile. */
export const readTimer = (json: string, errors: string): readonly Outcome[] =>
  (JSON.parse(json) as TimerOutput).contenders.map(({ name, failedStep, exitCode, steps }) =>
    failedStep === ''
      ? { name, status: 'measured', series: steps }
      : { name, status: 'failed', reason: `${failedStep.trim()}: exit ${exitCode}: ${lastWords(errors)}` },
  );

/** Runs a plan in `directory` (its files are written there). Contestants that fail are reported as such. */
export const runPlan = (timer: string, directory: string, plan: Plan): readonly Outcome[] => {
  const planFile = join(directory, 'plan');
  const errorFile = join(directory, 'stderr');
  rmSync(errorFile, { force: true });
  writeFileSync(planFile, encodePlan(plan));
  const environment = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root' };
  const child = spawnSync(timer, [planFile, errorFile], {
    // Not where this is called: a scenario may have another root.
    cwd: '/',
    encoding: 'utf8',
    env: environment,
    maxBuffer: 64 << 20,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const errors = `${child.stderr}${existsSync(errorFile) ? readFileSync(errorFile, 'utf8') : ''}`;
  if (child.status !== 0)
    return plan.contestants.map(({ name }) => ({
      name,
      status: 'failed',
      reason: `timer: ${lastWords(errors)}`,
    }));
  return readTimer(child.stdout, errors);
};
