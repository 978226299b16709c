/** The preparation of a root, whatever the back end: records are planned, rewritten by its passes, and turned into steps in the order of phases.ts. */
import type { Action } from '../../program/action.js';
import { type Slot, slot } from '../../program/operand.js';
import type { CgroupDirectory } from '../cgroups/driver.js';
import type { IdMapOf } from '../launch/id-map-of.js';
import { hasUsers, type Launch } from '../launch/launch.js';
import type { Refuse } from '../launch/refusal.js';
import { confinedRoot } from './confined.js';
import { createPlaces } from './destination.js';
import { givenDev, plannedDevices } from './devices.js';
import { make, type Workshop } from './make.js';
import { linkDevices, nodeMaker, openDev } from './make-device.js';
import { copyShared, openSource, sealMount } from './make-mount.js';
import { coveredPaths, plannedCovers } from './masks.js';
import { plannedMounts } from './mounts.js';
import { type FilledPhases, inOrder, type RootPhase } from './phases.js';
import { type Pass, type Planned, rewritten } from './planned.js';
import { refuseMounts } from './refuse-mounts.js';
import { makeWorkingDirectory } from './root.js';
import { terminalActions } from './root-terminal.js';
import type { Sources } from './sources.js';

export interface RootInput {
  /** Hooks that need the host's paths. */
  readonly beforePivot: readonly Action[];
  readonly openProc: readonly Action[];
  readonly afterPivot: readonly Action[];
  /** The directories of the container's cgroups. */
  readonly cgroups: readonly CgroupDirectory[];
  readonly idMapOf: IdMapOf;
}

export interface RootActions {
  readonly actions: readonly Action[];
  /** Before init becomes root of a user namespace: what is opened by others' ids than it then has. */
  readonly sources: Sources;
  /** The host's connection to --console-socket. */
  readonly consoleSocket: Slot;
  /** Init sends a terminal over the channel. */
  readonly foregroundTerminal: boolean;
}

/** What a back end has to say of it: phases that it fills, phases that it leaves out, and how it rewrites mounts and devices. */
export interface RootWay {
  /** With the ids of the host, where there is a user namespace. */
  readonly find: Sources;
  /** At the end cells.rootFd is open on the root. */
  readonly enter: readonly Action[];
  readonly unseal: readonly Action[];
  /** After what was mounted. */
  readonly seal: readonly Action[];
  readonly leave: readonly Action[];
  readonly without: readonly RootPhase[];
  readonly passes: readonly Pass[];
}

export function prepareRoot(launch: Launch, input: RootInput, refuse: Refuse, way: RootWay): RootActions {
  const { options, process } = launch;
  const consoleSocket = slot('console_socket_fd', -1);
  refuseMounts(launch, refuse);
  const passes = [...way.passes, ...confinedRoot(launch)];
  const mounts = rewritten(plannedMounts(launch, input.cgroups), passes);
  const early = hasUsers(launch);
  return {
    actions: inOrder(filled(launch, input, way, { consoleSocket, mounts, passes }), [
      ...way.without,
      ...(early ? (['copies'] as const) : []),
    ]),
    sources: early ? sources(launch, input.idMapOf, way, mounts) : { actions: [], opened: [] },
    consoleSocket,
    foregroundTerminal: process.terminal && options.console !== true,
  };
}

interface Rewritten {
  readonly consoleSocket: Slot;
  readonly mounts: readonly Planned[];
  readonly passes: readonly Pass[];
}

function filled(
  launch: Launch,
  input: RootInput,
  way: RootWay,
  { consoleSocket, mounts, passes }: Rewritten,
): FilledPhases {
  const dev = slot('dev_fd', -1);
  const places = createPlaces(launch);
  const workshop: Workshop = {
    launch,
    places,
    cgroups: input.cgroups,
    dev,
    makeNode: nodeMaker(),
    idMapOf: input.idMapOf,
  };
  const terminal = terminalActions(launch, places, consoleSocket);
  return {
    copies: () => copies(launch, mounts),
    enter: () => way.enter,
    unseal: () => way.unseal,
    mounts: () => mounts.map(planned => make(workshop, planned)),
    devices: () => devices(workshop, passes),
    terminal: () => terminal.beforePivot,
    hooks: () => input.beforePivot,
    'working-directory': () => makeWorkingDirectory(launch),
    covers: () => coveredPaths(launch, places, dev, plannedCovers(launch)),
    seal: () => [...seals(mounts), ...way.seal],
    procfs: () => input.openProc,
    leave: () => way.leave,
    streams: () => terminal.afterPivot,
    sysctls: () => input.afterPivot,
  };
}

function devices(workshop: Workshop, passes: readonly Pass[]): readonly Action[] {
  const { launch, dev } = workshop;
  const terminals = launch.config.mounts.some(({ place }) => place === '/dev/pts');
  return [
    openDev(launch, dev),
    ...rewritten(plannedDevices(launch), passes).map(planned => make(workshop, planned)),
    ...(givenDev(launch) === null ? [linkDevices(dev, terminals)] : []),
  ];
}

function sources(launch: Launch, idMapOf: IdMapOf, way: RootWay, mounts: readonly Planned[]): Sources {
  const binds = way.without.includes('mounts')
    ? []
    : mounts.flatMap(one => (one.kind === 'bind' && one.copy ? [{ one, to: one.copy }] : []));
  return {
    actions: [...way.find.actions, ...binds.map(({ one, to }) => openSource(launch, idMapOf, one, to))],
    opened: [...way.find.opened, ...binds.map(({ to }) => to)],
  };
}

/** Of those that are still there. */
function copies(launch: Launch, mounts: readonly Planned[]): readonly Action[] {
  return mounts.flatMap(one => (one.kind === 'bind' && one.copy ? copyShared(launch, one, one.copy) : []));
}

function seals(mounts: readonly Planned[]): readonly Action[] {
  return mounts.flatMap(one => (one.kind === 'filesystem' && one.sealed ? sealMount(one, one.sealed) : []));
}
