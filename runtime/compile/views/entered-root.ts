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
import type { RootWay } from '../root/prepare.js';
import { type ElidedMounts, leaveOut } from './elided-mounts.js';
import { uncover } from './environment-mounts.js';

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
  environment: Environment,
  namespaces: Namespaces,
  elided: ElidedMounts['places'],
  { annotations, shared }: Pick<Placement, 'annotations' | 'shared'>,
): Placement {
  return {
    entered: true,
    shared,
    hostDevices: environment.hostView.includes('/dev'),
    annotations: { ...annotations, 'org.chos.elided': String(elided.size) },
    // Back to the host for the length of one call: cheaper than a descriptor for each source, of which a process may have too few.
    openSource: (path, flags, to) => [
      sys('setns', [namespaces.host, Clone.NEWNS]),
      ...ordinary.openSource(path, flags, to),
      sys('setns', [namespaces.copy, Clone.NEWNS]),
      setAttributes(to, 0, 0, Propagation.SLAVE, (flags & AT_RECURSIVE) !== 0),
    ],
  };
}

/** The back end's part of the preparation. `elided`: what is proved in the place of an entry of `mounts`. */
export function enteredWay(
  launch: Launch,
  environment: Environment,
  elided: ElidedMounts['places'],
  entrance: Entrance,
): RootWay {
  const { enter, own } = entrance;
  return {
    find: { actions: [], opened: [] },
    enter,
    unseal: [...propagation(launch, 'first'), ...entrance.unseal],
    seal: [...entrance.seal, ...propagation(launch, 'last')],
    leave: [leave(launch, own)],
    // All that is asked for has been proved to be there already.
    without: own === null ? ['copies', 'unseal', 'devices', 'covers', 'seal'] : ['copies'],
    passes: [leaveOut(elided), uncover(environment, launch.config.mounts)],
  };
}
