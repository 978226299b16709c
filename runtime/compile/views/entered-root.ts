/**
 * What `kmod` and `pinned` have in common: the view that a launch asks for is there already, and init enters it. Without mounts of its own it stays
 * there and makes none; else it takes a copy, which stays slave, and mounts in that (docs/architecture.md, "Rules of shared views", 4 and 5).
 */
import type { Environment } from '../../../spec/environment.js';
import { AT_RECURSIVE, Clone, Propagation } from '../../../spec/kernel.js';
import type { Action } from '../../program/action.js';
import { type Slot, slot, text } from '../../program/operand.js';
import { sys } from '../../program/step.js';
import { propagateRoot, propagationFlags, propagationWord, setAttributes } from '../idioms/mount-steps.js';
import { operation } from '../idioms/operation.js';
import { type Launch, rule } from '../launch/launch.js';
import { ordinary, type Placement } from '../launch/placement.js';
import type { Refuse } from '../launch/refusal.js';
import { createPlaces } from '../root/destination.js';
import { deviceActions } from '../root/devices.js';
import { coveredPaths } from '../root/masks.js';
import { mountActions } from '../root/mounts.js';
import { type RootActions, type RootInput, refuseMounts, terminalActions } from '../root/private.js';
import { makeWorkingDirectory } from '../root/root.js';
import { uncoverPoints } from './environment-mounts.js';

/** The mount namespaces between which init goes back and forth while it mounts. */
export interface Namespaces {
  /** Where the sources of binds are. */
  readonly host: Slot;
  /** Init's own copy. */
  readonly copy: Slot;
}

export function createNamespaces(): Namespaces {
  return { host: slot('host_mounts', -1), copy: slot('own_mounts', -1) };
}

export interface Entrance {
  /** At the end init's root is that of the view, and cells.rootFd is open on it. */
  readonly enter: readonly Action[];
  /** In a copy: before and after everything else that is done to mounts. */
  readonly unseal: readonly Action[];
  readonly seal: readonly Action[];
  /** Descriptors of the namespaces, where init took a copy; null: it stays in the view that all share. */
  readonly own: Namespaces | null;
}

/** Rule 5: the copy stays slave. What config.json asks for is obeyed, and explain says what it costs. */
function propagation(launch: Launch, when: 'first' | 'last'): readonly Action[] {
  const asked = launch.config.linux.rootfsPropagation;
  if (asked === null || asked.kind === 'slave') return [];
  if ((asked.kind === 'private') !== (when === 'first')) return [];
  const because = launch.because('linux', 'rootfsPropagation');
  const cutsOff = asked.kind === 'private';
  return [
    operation({ kind: 'propagate-root', propagation: propagationWord(asked), cutsOff, because }, [
      propagateRoot(propagationFlags[asked.kind], asked.recursive),
    ]),
  ];
}

function leave(launch: Launch, own: Namespaces | null): Action {
  const fds = own === null ? [] : [own.host, own.copy];
  return operation({ kind: 'go-to-root', because: rule('the root of the environment') }, [
    sys('chdir', [text('/')]),
    ...[launch.cells.rootFd, ...fds].map(fd => sys('close', [fd])),
  ]);
}

export function enteredPlacement(
  launch: Launch,
  environment: Environment,
  namespaces: Namespaces,
  { elided, annotations, shared }: Pick<Placement, 'elided' | 'annotations' | 'shared'>,
): Placement {
  const { mounts } = launch.config;
  return {
    entered: true,
    shared,
    hostDevices: environment.hostView.includes('/dev'),
    elided,
    annotations: { ...annotations, 'org.chos.elided': String(elided.size) },
    // Back to the host for the length of one call: cheaper than a descriptor for each source, of which a process may have too few.
    openSource: (path, flags, to) => [
      sys('setns', [namespaces.host, Clone.NEWNS]),
      ...ordinary.openSource(path, flags, to),
      sys('setns', [namespaces.copy, Clone.NEWNS]),
      setAttributes(to, 0, 0, Propagation.SLAVE, (flags & AT_RECURSIVE) !== 0),
    ],
    uncover: (m, index) => uncoverPoints(launch.open, environment, m, mounts.slice(0, index)),
  };
}

export function prepareEnteredRoot(
  launch: Launch,
  input: RootInput,
  refuse: Refuse,
  entrance: Entrance,
): RootActions {
  const { options, process } = launch;
  const consoleSocket = slot('console_socket_fd', -1);
  const foregroundTerminal = process.terminal && options.console !== true;
  const places = createPlaces(launch);
  const terminal = terminalActions(launch, places, consoleSocket);
  refuseMounts(launch, refuse);
  const after = [leave(launch, entrance.own), ...terminal.afterPivot, ...input.afterPivot];
  if (entrance.own === null)
    return {
      actions: [
        ...entrance.enter,
        ...[...launch.placement.elided.values()].flat(),
        ...terminal.beforePivot,
        ...input.beforePivot,
        ...makeWorkingDirectory(launch),
        ...input.openProc,
        ...after,
      ],
      consoleSocket,
      foregroundTerminal,
    };
  const mounts = mountActions(launch, places, input.cgroups);
  const devices = deviceActions(launch, places);
  return {
    actions: [
      ...entrance.enter,
      ...propagation(launch, 'first'),
      ...entrance.unseal,
      ...mounts.actions,
      ...devices.actions,
      ...terminal.beforePivot,
      ...input.beforePivot,
      ...makeWorkingDirectory(launch),
      ...coveredPaths(launch, places, devices.dev),
      ...mounts.seal,
      ...entrance.seal,
      ...propagation(launch, 'last'),
      ...input.openProc,
      ...after,
    ],
    consoleSocket,
    foregroundTerminal,
  };
}
