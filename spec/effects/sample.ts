/**
 * How it is shown that something that is accepted has an effect: a value of it, and what stands beside it. Tests compile with and without; the page
 * docs/options.md names them. A path names a property from the top of its file: `[]` is an entry of a list, `*` a name in a map.
 */

/** What differs: the program of create or run, that of exec, a refusal, or a warning in the log. */
export type Difference = 'program' | 'exec' | 'refused' | 'warned';

export interface Sample {
  readonly value: unknown;
  /** Compared with this value; missing: with the property left out. */
  readonly other?: unknown;
  /** Properties beside it, in the same object. */
  readonly beside?: Readonly<Record<string, unknown>>;
  /** Properties anywhere else, by path, with and without it. */
  readonly also?: Readonly<Record<string, unknown>>;
  /** The name in each map on the path, from left to right. */
  readonly names?: readonly string[];
  /** Default v2. */
  readonly cgroups?: 'v1' | 'v2';
  /** Default `program`. */
  readonly shows?: Difference;
}

export type Samples = Readonly<Record<string, Sample>>;

/** Samples of an object's properties at another place. */
export function below(prefix: string, samples: Samples, more: Partial<Sample> = {}): Samples {
  return Object.fromEntries(
    Object.entries(samples).map(([path, sample]) => [`${prefix}${path}`, { ...sample, ...more }]),
  );
}
