/** The entries of `mounts` that a launch leaves out, with the proofs that its program makes (elision-proof.ts), sorted by where they are made. */
import type { Environment } from '../../../spec/environment.js';
import { mountMap } from '../../../spec/mount-map.js';
import type { NormalMount } from '../../../spec/normal-mount.js';
import type { OperationOf } from '../../../spec/operations/index.js';
import { followedMounts, sharedBelow } from '../../../spec/shared-below.js';
import type { Action, Because } from '../../program/action.js';
import { operation } from '../idioms/operation.js';
import { type Launch, rule } from '../launch/launch.js';
import { isMount, type Pass } from '../root/planned.js';
import type { Elided, Verdict, View } from './elision.js';
import { createProver, hasStatmount, type Side } from './elision-proof.js';
import { besides, type Expected } from './expected-mounts.js';

export interface ElidedMounts {
  /** On the host, before the environment is entered. */
  readonly sources: readonly Action[];
  /** In the environment itself, before a copy of it is made; for a launch that stays there, once it is in. */
  readonly shared: readonly Action[];
  /** At their places in mount order. */
  readonly places: ReadonlyMap<number, readonly Action[]>;
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
  const points = [...hostView.map(path => ({ path, from: path, place: path })), ...all];
  const looked = points.flatMap(({ path, from = path, place }) => {
    const directory = sources.shares.get(path);
    const mount = directory && host.at(directory.path);
    return mount === undefined ? [] : [{ path, from, place, directory, mount }];
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
        ({ from, directory, mount }): Expected => ({ path: from, directory, mount, group: mount.peerGroup }),
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

type Prove = (
  side: Side,
  at: OperationOf<'prove'>['at'],
  expected: readonly Expected[],
  count?: number,
) => readonly Action[];

/** One prover for all; what nothing is expected of needs no proof. */
function proofs(launch: Launch, { tree }: Environment): { readonly mounts: Prove; readonly shares: Prove } {
  const prover = createProver(launch);
  const of =
    (what: OperationOf<'prove'>['of'], because: Because): Prove =>
    (side, at, expected, count = expected.length) =>
      expected.length === 0
        ? []
        : [prover.prove(side, { kind: 'prove', of: what, at, count, tree, because }, expected)];
  return { mounts: of('mounts', launch.because('mounts')), shares: of('shares', rule('shares')) };
}

/** The pass: what can be proved to be there is not mounted, and the proof takes its place. */
export function leaveOut(places: ElidedMounts['places']): Pass {
  return planned => (isMount(planned) ? places.get(planned.index) : undefined) ?? [planned];
}

/** Nothing is done: the record says what is not. */
function leftOut({ config, because }: Launch, { index, verdict: { source } }: Entry): Action {
  const destination = config.mounts[index]?.destination ?? '';
  const shown =
    source === null
      ? ({ shown: 'procfs' } as const)
      : ({ shown: 'share', peerGroup: source.peerGroup } as const);
  return operation({ kind: 'leave-out', destination, ...shown, because: because('mounts', index) }, []);
}

export function elidedMounts(
  launch: Launch,
  environment: Environment,
  view: View,
  verdicts: readonly Verdict[],
  copied: boolean,
): ElidedMounts {
  const prove = proofs(launch, environment);
  const { mounts } = launch.config;
  const runs = runsOf(verdicts);
  const elided = runs.flat();
  const inside = (entries: readonly Entry[]): readonly Expected[] =>
    entries.flatMap(entry => inView(mounts, environment, entry));
  const places = new Map<number, readonly Action[]>();
  for (const run of runs) {
    const looked = prove.mounts(copied ? 'copied' : 'view', 'place', inside(run), run.length);
    run.forEach((entry, i) => {
      places.set(entry.index, [...(i === 0 ? looked : []), leftOut(launch, entry)]);
    });
  }
  const shown = shares(launch, environment, view);
  const onTheHost = elided.flatMap(entry => onHost(mounts, environment, entry));
  const inTheView = inside(elided);
  return {
    sources: [
      ...prove.mounts('source', 'host', onTheHost),
      ...prove.shares('source', 'host', besides(onTheHost, shown.host)),
    ],
    shared: [
      ...(copied ? prove.mounts('view', 'environment', inTheView, elided.length) : []),
      ...prove.shares('view', 'environment', besides(inTheView, shown.inside)),
    ],
    places,
  };
}
