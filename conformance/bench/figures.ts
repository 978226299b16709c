/** From the timer's rounds to figures: medians, spread, ratios. */
import type { Outcome, Series } from './plan.js';

export interface Figure {
  /** What was measured: a command, "init", or the sum of a cycle. */
  readonly label: string;
  readonly unit: 'ms' | 'KiB';
  readonly median: number;
  readonly p10: number;
  readonly p90: number;
  readonly rounds: number;
  /** Median of the command's peak memory in KiB (for init: Pss). 0: below what the kernel counts exactly. */
  readonly memory: number;
}

export interface Standing {
  readonly name: string;
  readonly figures: readonly Figure[];
  /** Why there are no figures. */
  readonly missing?: { readonly status: 'absent' | 'failed'; readonly reason: string };
}

export interface Result {
  readonly id: string;
  readonly title: string;
  readonly gap: number;
  readonly standings: readonly Standing[];
}

export const quantile = (values: readonly number[], q: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const place = (sorted.length - 1) * q;
  const low = sorted[Math.floor(place)] ?? Number.NaN;
  const high = sorted[Math.ceil(place)] ?? Number.NaN;
  return low + (high - low) * (place - Math.floor(place));
};

const isTime = ({ kind }: Series): boolean => kind === 'time' || kind === 'burst' || kind === 'series';

const figure = (series: Series): Figure => {
  const { label, values, memory } = series;
  const scale = isTime(series) ? 1e-6 : 1;
  const at = (q: number): number => quantile(values, q) * scale;
  return {
    label,
    unit: isTime(series) ? 'ms' : 'KiB',
    median: at(0.5),
    p10: at(0.1),
    p90: at(0.9),
    rounds: values.length,
    memory: quantile(memory, 0.5),
  };
};

/** Several commands per round are also one figure: the sum over the round. */
const sum = (series: readonly Series[]): Series => ({
  label: 'total',
  kind: 'time',
  each: 1,
  values: (series[0]?.values ?? []).map((_, i) => series.reduce((all, one) => all + (one.values[i] ?? 0), 0)),
  memory: (series[0]?.memory ?? []).map((_, i) => Math.max(...series.map(one => one.memory[i] ?? 0))),
});

/** Of the values of each round. */
const ofRounds = ({ each, values }: Series, by: (values: readonly number[]) => number): readonly number[] =>
  Array.from({ length: values.length / each }, (_, round) =>
    by(values.slice(round * each, (round + 1) * each)),
  );

const shares = { p50: 0.5, p95: 0.95, p99: 0.99 };

/** Of many commands, how long one of them takes; of those that began at the same moment also how long the slowest of a round takes (the median of the rounds). */
const many = (series: Series): readonly Figure[] => {
  const one = figure(series);
  const parts = Object.entries(shares).map(([name, share]) => ({
    ...one,
    label: `${series.label}, ${name}`,
    median: quantile(series.values, share) * 1e-6,
  }));
  if (series.kind === 'series') return parts;
  const slowest = ofRounds(series, values => Math.max(...values));
  return [...parts, figure({ ...series, label: 'the slowest', values: slowest })];
};

const figures = (series: Series): readonly Figure[] =>
  series.kind === 'burst' || series.kind === 'series' ? many(series) : [figure(series)];

/** `total`: add the sum of the measured commands, where a scenario is about all of them together. */
export const standing = (outcome: Outcome, total: boolean): Standing => {
  if (outcome.status !== 'measured')
    return {
      name: outcome.name,
      figures: [],
      missing: { status: outcome.status, reason: outcome.reason },
    };
  const times = outcome.series.filter(({ kind }) => kind === 'time');
  const all = total ? [...outcome.series, sum(times)] : outcome.series;
  return { name: outcome.name, figures: all.flatMap(figures) };
};

/** The figure of one contender in one scenario, if it was measured. */
export const find = (
  results: readonly Result[],
  id: string,
  name: string,
  label: string,
): Figure | undefined =>
  results
    .find(result => result.id === id)
    ?.standings.find(one => one.name === name)
    ?.figures.find(one => one.label === label);
