/** `exec` into the namespaces and the root of init, without more rights over what others see than a launch has (docs/architecture.md, "Rules of shared views", 10). */
import { Clone, Prctl, Propagation } from '../../../spec/kernel.js';
import type { SharedView } from '../../../spec/own-copy.js';
import type { Action } from '../../program/action.js';
import { attempt } from '../../program/control.js';
import type { Slot } from '../../program/operand.js';
import { type Line, sys } from '../../program/step.js';
import { chrootHere, pivotHere } from '../idioms/enter-root.js';
import { becomeMappedRoot } from '../idioms/mapped-root.js';
import { propagateRoot } from '../idioms/mount-steps.js';
import { operation } from '../idioms/operation.js';
import { dropGroupsOutside } from '../launch/callers-groups.js';
import { entersUsersFirst, isConfined, isHostRoot } from '../launch/confined.js';
import { hasMountNamespace, type ProcessLaunch, rule } from '../launch/launch.js';
import { namespaceFlags } from '../namespaces/namespaces.js';
import { whyNotShared } from './own-copy.js';

/** All that init may be in. Joining a namespace that is our own already changes nothing; but kernels without time namespaces refuse to. */
const joinAll = Clone.NEWNS | Clone.NEWNET | Clone.NEWIPC | Clone.NEWUTS | Clone.NEWCGROUP;

export interface Container {
  readonly pid: Slot;
  readonly pidfd: Slot;
  /** init's root directory: where it is not that of its mount namespace. */
  readonly root: Slot;
}

/** What state.json says of the view that init is in. */
export interface EnteredView {
  /** The tree to which the kernel's link leads; null: none. */
  readonly link: string | null;
  /** Others are in it, too. */
  readonly shared: boolean;
}

export function enterContainer(
  launch: ProcessLaunch,
  init: Container,
  entered: EnteredView,
): readonly Action[] {
  const view: SharedView = entered.link === null ? 'namespace' : 'directory';
  const why = entered.shared ? whyNotShared(launch.process.capabilities, view) : null;
  const goToRoot = hasMountNamespace(launch) ? [] : [sys('fchdir', [init.root])];
  const users = launch.namespaces.has('user');
  const copied = why !== null && view === 'directory';
  return [
    ...dropGroupsOutside(launch),
    operation({ kind: 'enter-container', because: rule('exec') }, [
      ...join(launch, init),
      ...goToRoot,
      ...(copied || goToRoot.length === 0 ? [] : chrootHere()),
      sys('close', [init.root]),
    ]),
    ...(users ? [becomeMappedRoot(launch.config)] : []),
    ...(why === null
      ? []
      : [
          operation(
            { kind: 'copy-view', ...why, because: launch.because('process', 'capabilities') },
            // The working directory, which is the root of init, is then that of the copy.
            [sys('unshare', [Clone.NEWNS]), ...(copied ? keepDirectoryOnly() : [])],
          ),
        ]),
  ];
}

/** In a user namespace a namespace of somebody else's cannot be joined, not even one's own again: only those of the container are, and its mounts where they are. */
function join(launch: ProcessLaunch, { pidfd }: Container): readonly Line[] {
  const time = launch.namespaces.has('time') ? Clone.NEWTIME : 0;
  // In one call, before which the rights over all of them are still those of the caller.
  const users = launch.namespaces.has('user');
  if (users && isHostRoot(launch))
    return [
      // Whoever is in it may look into what enters, which still holds descriptors of the host (CVE-2016-9962).
      sys('prctl', [Prctl.SET_DUMPABLE, 0, 0, 0, 0]),
      sys('setns', [pidfd, joinAll | time | Clone.NEWUSER]),
    ];
  if (!isConfined(launch)) return [sys('setns', [pidfd, joinAll | time])];
  let flags = 0;
  for (const type of launch.namespaces.keys())
    if (type !== 'pid' && !(type === 'user' && entersUsersFirst(launch))) flags |= namespaceFlags[type];
  const mounts = attempt(
    ['EPERM'],
    denied => [sys('setns', [pidfd, flags | Clone.NEWNS], denied)],
    flags === 0 ? [] : [sys('setns', [pidfd, flags])],
  );
  const entered = hasMountNamespace(launch) ? [sys('setns', [pidfd, flags])] : mounts;
  return users ? [sys('prctl', [Prctl.SET_DUMPABLE, 0, 0, 0, 0]), ...entered] : entered;
}

/** Of a copy of the host's namespace, what was "/" for init; nothing travels back, and no way leads out. */
const keepDirectoryOnly = (): readonly Line[] => [propagateRoot(Propagation.SLAVE, true), ...pivotHere()];
