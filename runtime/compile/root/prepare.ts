/** The preparation of a root, whatever the back end: records are planned, rewritten by its passes, and turned into steps in the order of phases.ts. */
import type { Action } from '../../program/action.js';
import { type Slot, slot } from '../../program/operand.js';
import type { CgroupDirectory } from '../cgroups/driver.js';
import type { Launch } from '../launch/launch.js';
import type { Refuse } from '../launch/refusal.js';
import { createPlaces } from './destination.js';
import { givenDev, plannedDevices } from './devices.js';
import { make, type Workshop } from './make.js';
import { linkDevices, nodeMaker, openDev } from './make-device.js';
import { copyShared, sealMount } from './make-mount.js';
import { coveredPaths, plannedCovers } from './masks.js';
import { plannedMounts } from './mounts.js';
import { type FilledPhases, inOrder, type RootPhase } from './phases.js';
import { type Pass, type Planned, rewritten } from './planned.js';
import { refuseMounts } from './refuse-mounts.js';
import { makeWorkingDirectory } from './root.js';
import { terminalActions } from './root-terminal.js';

export interface RootInput {
  /** Hooks that need the host's paths. */
  readonly beforePivot: readonly Action[];
  readonly openProc: readonly Action[];
  readonly afterPivot: readonly Action[];
  /** The directories of the container's cgroups. */
  readonly cgroups: readonly CgroupDirectory[];
}

export interface RootActions {
  readonly actions: readonly Action[];
  /** The host's connection to --console-socket. */
  readonly consoleSocket: Slot;
  /** Init sends a terminal over the channel. */
  readonly foregroundTerminal: boolean;
}

/** What a back end has to say of it: phases that it fills, phases that it leaves out, and how it rewrites mounts and devices. */
export interface RootWay {
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
  return {
    actions: inOrder(filled(launch, input, way, consoleSocket), way.without),
    consoleSocket,
    foregroundTerminal: process.terminal && options.console !== true,
  };
}

function filled(launch: Launch, input: RootInput, way: RootWay, consoleSocket: Slot): FilledPhases {
  const dev = slot('dev_fd', -1);
  const places = createPlaces(launch);
  const workshop: Workshop = { launch, places, cgroups: input.cgroups, dev, makeNode: nodeMaker() };
  const terminal = terminalActions(launch, places, consoleSocket);
  const mounts = rewritten(plannedMounts(launch, input.cgroups), way.passes);
  return {
    copies: () => copies(launch, mounts),
    enter: () => way.enter,
    unseal: () => way.unseal,
    mounts: () => mounts.map(planned => make(workshop, planned)),
    devices: () => devices(workshop, way.passes),
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

/** Of those that are still there. */
function copies(launch: Launch, mounts: readonly Planned[]): readonly Action[] {
  return mounts.flatMap(one => (one.kind === 'bind' && one.copy ? copyShared(launch, one, one.copy) : []));
}

function seals(mounts: readonly Planned[]): readonly Action[] {
  return mounts.flatMap(one => (one.kind === 'filesystem' && one.sealed ? sealMount(one, one.sealed) : []));
}
