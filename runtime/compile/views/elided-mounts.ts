/** The entries of `mounts` that a launch leaves out, with the proofs that its program makes (elision-proof.ts), sorted by where they are made. */
import type { Environment } from '../../../spec/environment.js';
import { mountMap } from '../../../spec/mount-map.js';
import type { NormalMount } from '../../../spec/normal-mount.js';
import type { OperationOf } from '../../../spec/operations/index.js';
import { followedMounts, sharedBelow } from '../../../spec/shared-below.js';
import type { Action } from '../../program/action.js';
import { operation } from '../idioms/operation.js';
import { type Launch, rule } from '../launch/launch.js';
import type { Placement } from '../launch/placement.js';
import type { Elided, Verdict, View } from './elision.js';
import { createProver, hasStatmount, type Side } from './elision-proof.js';
import type { Expected } from './expected-mounts.js';

export interface ElidedMounts {
  /** On the host, before the environment is entered. */
  readonly sources: readonly Action[];
  /** In the environment itself, before a copy of it is made; for a launch that stays there, once it is in. */
  readonly shared: readonly Action[];
  /** At their places in mount order. */
  readonly places: Placement['elided'];
}

interface Entry {
  readonly index: number;
  readonly verdict: Elided;
}

/** Neighbours in mount order, with nothing mounted between them. */
function runsOf(verdicts: readonly Verdict[]): readonly (readonly Entry[])[] {
  const runs: Entry[][] = [];
  let begun = false;
  verdicts.forEach((verdict, index) => {
    if (verdict.kind === 'mounted') {
      begun = false;
      return;
    }
    const run = begun ? runs.at(-1) : undefined;
    if (run !== undefined) run.push({ index, verdict });
    else runs.push([{ index, verdict }]);
    begun = true;
  });
  return runs;
}

const boundFrom = (mount: NormalMount | undefined): string => (mount?.kind === 'bind' ? mount.source : '');

/** A bind that is left out, and what is below it, on the host. */
function onHost(mounts: readonly NormalMount[], { sources }: Environment, entry: Entry): readonly Expected[] {
  const { source, below } = entry.verdict;
  const path = boundFrom(mounts[entry.index]);
  if (source === null) return [];
  const directory = sources.directories.get(path);
  const real = directory?.path ?? path;
  return [
    { path, mount: source, group: source.peerGroup, directory },
    ...below.map(pair => ({
      path: `${real === '/' ? '' : real}${pair.path}`,
      mount: pair.source,
      group: pair.source.peerGroup,
    })),
  ];
}

/** The same in the view. */
function inView(mounts: readonly NormalMount[], { sources }: Environment, entry: Entry): readonly Expected[] {
  const { destination, below, last, known } = entry.verdict;
  const mount = mounts[entry.index];
  if (mount === undefined) return [];
  const { destination: path, place } = mount;
  const directory = sources.directories.get(boundFrom(mount));
  return [
    { path, mount: destination, group: destination.master, directory, below: { last, known } },
    ...below.map(pair => ({
      path: `${place === '/' ? '' : place}${pair.path}`,
      mount: pair.destination,
      group: pair.destination.master,
    })),
  ];
}

/** The host view and the shares are what the host has there still, and where the view has them (runtime/trees/stale-shares.ts asks the same when this is compiled). */
function shares(launch: Launch, { sources, hostView, shares: all }: Environment, view: View) {
  const [host, inside] = [mountMap(sources.mounts), mountMap(view.mounts)];
  const points = [...hostView.map(path => ({ path, place: path })), ...all];
  const looked = points.flatMap(({ path, place }) => {
    const directory = sources.shares.get(path);
    const mount = directory && host.at(directory.path);
    return mount === undefined ? [] : [{ path, place, directory, mount }];
  });
  // A program that is kept looks at what is below them as well.
  const kept = launch.options.kept && hasStatmount(launch.facts);
  const pairs = sharedBelow(
    { host, view: inside, followed: followedMounts(sources.mounts) },
    looked.map(({ path, place }) => ({ at: sources.shares.get(path)?.path ?? path, path: place })),
  );
  return {
    host: [
      ...looked.map(
        ({ path, directory, mount }): Expected => ({ path, directory, mount, group: mount.peerGroup }),
      ),
      ...(kept ? pairs : []).flatMap(({ place, source, mount }): readonly Expected[] =>
        source === undefined
          ? []
          : [{ path: place, mount: source, group: source.peerGroup, mayGo: mount.master !== 0 }],
      ),
    ],
    inside: looked.flatMap(({ place, directory }): readonly Expected[] => {
      const mount = inside.at(place);
      return mount?.point === place ? [{ path: place, directory, mount, group: mount.master }] : [];
    }),
  };
}

export function elidedMounts(
  launch: Launch,
  environment: Environment,
  view: View,
  verdicts: readonly Verdict[],
  copied: boolean,
): ElidedMounts {
  const prover = createProver(launch);
  const { mounts } = launch.normal;
  const runs = runsOf(verdicts);
  const elided = runs.flat();
  const because = launch.because('mounts');
  const { tree } = environment;
  const proof = (
    side: Side,
    at: OperationOf<'prove'>['at'],
    count: number,
    expected: readonly Expected[],
  ): readonly Action[] =>
    expected.length === 0
      ? []
      : [prover.prove(side, { kind: 'prove', of: 'mounts', at, count, tree, because }, expected)];
  const shareProof = (
    side: Side,
    at: OperationOf<'prove'>['at'],
    expected: readonly Expected[],
  ): readonly Action[] => {
    const count = expected.length;
    return count === 0
      ? []
      : [
          prover.prove(
            side,
            { kind: 'prove', of: 'shares', at, count, tree, because: rule('shares') },
            expected,
          ),
        ];
  };

  const places = new Map<number, readonly Action[]>();
  for (const run of runs) {
    const first = run[0]?.index;
    const expected = run.flatMap(entry => inView(mounts, environment, entry));
    const looked = proof(copied ? 'copied' : 'view', 'place', run.length, expected);
    for (const { index, verdict } of run) {
      const destination = mounts[index]?.destination ?? '';
      const shown =
        verdict.source === null
          ? ({ shown: 'procfs' } as const)
          : ({ shown: 'share', peerGroup: verdict.source.peerGroup } as const);
      const left = operation(
        { kind: 'leave-out', destination, ...shown, because: launch.because('mounts', index) },
        [],
      );
      places.set(index, index === first ? [...looked, left] : [left]);
    }
  }
  const sources = elided.flatMap(entry => onHost(mounts, environment, entry));
  const shown = shares(launch, environment, view);
  return {
    sources: [
      ...proof('source', 'host', sources.length, sources),
      ...shareProof('source', 'host', shown.host),
    ],
    shared: [
      ...(copied
        ? proof(
            'view',
            'environment',
            elided.length,
            elided.flatMap(entry => inView(mounts, environment, entry)),
          )
        : []),
      ...shareProof('view', 'environment', shown.inside),
    ],
    places,
  };
}
