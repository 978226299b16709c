/** In which order machines are booted, and how many at a time. */
export interface Job {
  /** How long it may take: the longest begin first. */
  readonly seconds: number;
  /** Not side by side with another machine. */
  readonly alone: boolean;
  readonly run: () => Promise<void>;
}

/** Two at a time, for a machine's work is mostly that of one processor; then those that want both. */
export async function inLanes(jobs: readonly Job[]): Promise<void> {
  const left = jobs.filter(({ alone }) => !alone).sort((one, other) => other.seconds - one.seconds);
  const lane = async (): Promise<void> => {
    for (let job = left.shift(); job !== undefined; job = left.shift()) await job.run();
  };
  await Promise.all([lane(), lane()]);
  for (const { alone, run } of jobs) if (alone) await run();
}
