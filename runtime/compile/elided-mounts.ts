/** The entries of `mounts` that a launch leaves out, with the proofs that its program makes (elision-proof.ts), sorted by where they are made. */
import type { Environment, MountFact } from '../../spec/environment.js';
import { type Action, action } from '../program/action.js';
import type { Verdict } from './elision.js';
import { createProver, hasStatmount, type Side } from './elision-proof.js';
import type { Expected } from './expected-mounts.js';
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

type Elided = Verdict & { readonly kind: 'elided' };
interface Entry {
  readonly index: number;
  readonly verdict: Elided;
}

/** Neighbours in mount order, with nothing mounted between them, whose places are looked at in the same way. */
function runsOf(verdicts: readonly Verdict[]): readonly (readonly Entry[])[] {
  const runs: Entry[][] = [];
  let begun = false;
  verdicts.forEach((verdict, index) => {
    if (verdict.kind === 'mounted') {
      begun = false;
      return;
    }
    const run = begun ? runs.at(-1) : undefined;
    const alike = (run?.[0]?.verdict.source === null) === (verdict.source === null);
    if (run !== undefined && alike) run.push({ index, verdict });
    else runs.push([{ index, verdict }]);
    begun = true;
  });
  return runs;
}

export function elidedMounts(
  launch: Launch,
  environment: Environment,
  verdicts: readonly Verdict[],
  copied: boolean,
): ElidedMounts {
  const prover = createProver(launch, environment.tree);
  const mounts = launch.config.mounts ?? [];
  const runs = runsOf(verdicts);
  const elided = runs.flat();
  const expect = (path: string | undefined, index: number, mount: MountFact, group: number): Expected => {
    const directory = environment.sources.directories.get(mounts[index]?.source ?? '');
    return { path: path ?? '', mount, group, directory };
  };
  const place = ({ index, verdict }: Entry): Expected =>
    expect(mounts[index]?.destination, index, verdict.destination, verdict.destination.master);
  const sources = elided.flatMap(({ index, verdict: { source } }) =>
    source === null ? [] : [expect(mounts[index]?.source, index, source, source.peerGroup)],
  );
  const because = launch.because('mounts');
  const proof = (side: Side, title: string, expected: readonly Expected[]): readonly Action[] =>
    expected.length === 0 ? [] : [prover.prove({ side, title, because, expected })];

  const places = new Map<number, readonly Action[]>();
  for (const run of runs) {
    const { index: first = 0, verdict } = run[0] ?? {};
    const side =
      verdict?.source === null ? (copied ? 'copiedProc' : 'proc') : copied ? 'copied' : 'destination';
    const looked = proof(side, `look at what is left out (${run.length})`, run.map(place));
    for (const {
      index,
      verdict: { why },
    } of run) {
      const title = `leave out the mount on ${mounts[index]?.destination}: ${why}`;
      const left = action({ title, because: launch.because('mounts', index) }, []);
      places.set(index, index === first ? [...looked, left] : [left]);
    }
  }
  return {
    sources: proof('source', `look at the host's side of what is left out (${sources.length})`, sources),
    // Where statmount(2) tells of master and attributes, the look at its place says it all.
    shared:
      !copied || hasStatmount(launch.facts)
        ? []
        : proof('shared', `look at the environment's side (${elided.length})`, elided.map(place)),
    places,
  };
}
