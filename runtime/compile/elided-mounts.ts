/** The entries of `mounts` that a launch leaves out, with the proofs that its program makes (elision.ts), sorted by where they are made. */
import type { Environment } from '../../spec/environment.js';
import type { Action } from '../program/action.js';
import { createProver, type Verdict } from './elision.js';
import type { Launch } from './launch.js';
import type { Placement } from './placement.js';

export interface ElidedMounts {
  /** On the host, before the environment is entered. */
  readonly sources: readonly Action[];
  /** In the environment itself, before a copy of it is made. */
  readonly shared: readonly Action[];
  /** At their places in mount order. */
  readonly places: Placement['elided'];
}

export function elidedMounts(
  launch: Launch,
  environment: Environment,
  verdicts: readonly Verdict[],
  copied: boolean,
): ElidedMounts {
  const prover = createProver(launch, environment);
  const places = new Map<number, readonly Action[]>();
  const sources: Action[] = [];
  const shared: Action[] = [];
  verdicts.forEach((verdict, index) => {
    if (verdict.kind === 'mounted') return;
    places.set(index, prover.destination(index, verdict, copied));
    if (copied) shared.push(...prover.shared(index, verdict));
    sources.push(...prover.source(index, verdict));
  });
  return { sources, shared, places };
}
