/**
 * Where the peers are known to differ from the contract, reviewed one by one. Such a failure counts as passed; a pass
 * counts as failed, so that the table cannot go stale. Our own runtime has no entry, ever.
 */
export interface Deviation {
  readonly runtime: 'crun' | 'runc';
  readonly case: string;
  readonly reason: string;
}

export const deviations: readonly Deviation[] = [];

export function deviationOf(runtime: string, name: string): Deviation | undefined {
  return deviations.find(entry => entry.runtime === runtime && entry.case === name);
}
