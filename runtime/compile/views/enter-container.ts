/** `exec` into the namespaces and the root of init, without more rights over what others see than a launch has (docs/architecture.md, "Rules of shared views", 10). */
import { Clone, Propagation } from '../../../spec/kernel.js';
import type { Action } from '../../program/action.js';
import type { Slot } from '../../program/operand.js';
import { type Line, sys } from '../../program/step.js';
import { chrootHere, pivotHere } from '../idioms/enter-root.js';
import { propagateRoot } from '../idioms/mount-steps.js';
import { operation } from '../idioms/operation.js';
import { hasMountNamespace, type ProcessLaunch, rule } from '../launch/launch.js';
import { type SharedView, whyNotShared } from './own-copy.js';

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
  const copied = why !== null && view === 'directory';
  return [
    operation({ kind: 'enter-container', because: rule('exec') }, [
      sys('setns', [init.pidfd, joinAll | (launch.namespaces.has('time') ? Clone.NEWTIME : 0)]),
      ...goToRoot,
      ...(copied || goToRoot.length === 0 ? [] : chrootHere()),
      sys('close', [init.root]),
    ]),
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

/** Of a copy of the host's namespace, what was "/" for init; nothing travels back, and no way leads out. */
const keepDirectoryOnly = (): readonly Line[] => [propagateRoot(Propagation.SLAVE, true), ...pivotHere()];
