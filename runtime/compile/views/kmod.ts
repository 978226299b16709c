/**
 * The back end `kmod` (docs/architecture.md): the root is the skeleton of the host, one for all trees, in which the kernel's link shows each process its
 * own. Without mounts of its own a launch sets the link and changes its root: no mount is made, and shares are the host's very mounts.
 */
import type { Environment, KernelLink, Pin } from '../../../spec/environment.js';
import { errnos } from '../../../spec/errno.js';
import { AT_FDCWD, Clone, MountAttr, Propagation, STATX_BASIC_STATS } from '../../../spec/kernel.js';
import type { Action } from '../../program/action.js';
import { type Slot, slot, text } from '../../program/operand.js';
import { resolve, sys } from '../../program/step.js';
import { chrootHere, openOwnMounts, pivotHere } from '../idioms/enter-root.js';
import { setLink } from '../idioms/link.js';
import { attach, cloneTree, propagateRoot, setAttributes } from '../idioms/mount-steps.js';
import { operation } from '../idioms/operation.js';
import { type Launch, rule } from '../launch/launch.js';
import { prepareRoot } from '../root/prepare.js';
import type { BackEnd } from './back-end.js';
import { type ElidedMounts, elidedMounts } from './elided-mounts.js';
import { judgeMounts } from './elision.js';
import { createNamespaces, enteredPlacement, enteredWay, type Namespaces } from './entered-root.js';
import { announce, becauseOf, patchTree } from './environment-mounts.js';
import { copyJoined, createLook, joinPin, type Look, sameDirectory } from './open-pin.js';
import { type WhyCopy, whyOwnCopy } from './own-copy.js';
import { heldSkeleton, seenSkeleton } from './skeleton-hold.js';

const ESTALE = errnos.ESTALE.number;

/** Inside: the link leads to the tree. A skeleton that lacks the tree's directory would otherwise be an empty system. */
function seeTree(environment: Environment, link: KernelLink, look: Look): Action {
  const because = becauseOf(environment);
  const { tree } = environment;
  return operation({ kind: 'see-link', target: link.target, tree, skeleton: link.skeleton.path, because }, [
    sys('statx', [AT_FDCWD, text('/proc/chos/link/'), 0, STATX_BASIC_STATS, look.stat]),
    ...sameDirectory(look, link.directory, ESTALE),
  ]);
}

function changeRoot(launch: Launch, path: string): Action {
  const { open, cells } = launch;
  return operation({ kind: 'change-root', path, because: rule('kmod') }, [
    sys('openat', [AT_FDCWD, text(path), open.PATH | open.DIRECTORY | open.CLOEXEC, 0], { to: cells.rootFd }),
    sys('fchdir', [cells.rootFd]),
    ...chrootHere(),
  ]);
}

/** No namespace of the skeleton is pinned: a copy of the host's, of which only the skeleton is kept. */
function copyHost(launch: Launch, path: string, { host, copy }: Namespaces, why: WhyCopy): Action {
  const { open, cells } = launch;
  return operation({ kind: 'copy-view', of: path, ...why, because: rule('kmod') }, [
    openOwnMounts(open, host),
    sys('unshare', [Clone.NEWNS]),
    openOwnMounts(open, copy),
    propagateRoot(Propagation.SLAVE, true),
    sys('openat', [AT_FDCWD, text(path), open.PATH | open.DIRECTORY | open.CLOEXEC, 0], { to: cells.rootFd }),
    sys('fchdir', [cells.rootFd]),
    ...pivotHere(),
  ]);
}

/** Kernels without statmount(2) prove a mount by its number, which a copy changes: a look from inside before it is made. */
function lookFirst(launch: Launch, path: string, { shared }: ElidedMounts): readonly Action[] {
  if (shared.length === 0) return [];
  const { open } = launch;
  const host = slot('host_view');
  return [
    operation({ kind: 'look-around', path, because: rule('elision') }, [
      openOwnMounts(open, host),
      sys('chroot', [text(path)]),
    ]),
    ...shared,
    operation({ kind: 'return-to-host', because: rule('elision') }, [
      sys('setns', [host, Clone.NEWNS]),
      sys('close', [host]),
    ]),
  ];
}

/** The skeleton is read-only, as all trees stand in it; in a copy, what mounts need may be made while nobody else is inside. */
function unseal(launch: Launch, fills: boolean): readonly Action[] {
  if (!fills) return [];
  return [
    operation({ kind: 'unseal-skeleton', because: rule('kmod') }, [
      setAttributes(launch.cells.rootFd, 0, MountAttr.RDONLY, 0, false),
    ]),
  ];
}

function seal(launch: Launch, link: KernelLink, fills: boolean): readonly Action[] {
  const tree = slot('readonly_tree');
  const mount = slot('readonly_tree_mount');
  const { cells } = launch;
  return [
    ...(fills
      ? [
          operation({ kind: 'reseal-skeleton', because: rule('kmod') }, [
            setAttributes(cells.rootFd, MountAttr.RDONLY, 0, 0, false),
          ]),
        ]
      : []),
    ...(launch.config.root.readonly
      ? [
          operation({ kind: 'make-tree-readonly', because: launch.because('root', 'readonly') }, [
            resolve({ root: cells.rootFd, path: text(link.target) }, { to: tree }),
            cloneTree(tree, true, mount),
            setAttributes(mount, MountAttr.RDONLY, 0, 0, false),
            attach(mount, tree),
            sys('close', [mount]),
            sys('close', [tree]),
          ]),
        ]
      : []),
  ];
}

/** How init comes to be in the skeleton: by a change of root, by a copy of its pinned namespace, or by one of the host's. */
function entrance(
  launch: Launch,
  link: KernelLink,
  pin: Pin | null,
  fd: Slot,
  namespaces: Namespaces,
  elided: ElidedMounts,
  copyBecause: WhyCopy | null,
): readonly Action[] {
  const { path } = link.skeleton;
  if (copyBecause === null) return [changeRoot(launch, path)];
  if (pin === null)
    return [...lookFirst(launch, path, elided), copyHost(launch, path, namespaces, copyBecause)];
  return [
    joinPin(launch, pin, fd, namespaces, 'kmod'),
    ...elided.shared,
    copyJoined(launch, pin, [fd], namespaces, copyBecause, 'kmod'),
  ];
}

export function kmodBackEnd(given: Launch, environment: Environment, link: KernelLink): BackEnd {
  const { skeleton, target } = link;
  const fd = slot('skeleton_pin', -1);
  const look = createLook();
  const namespaces = createNamespaces();
  const onHost = judgeMounts(given, environment, skeleton);
  const copyBecause = whyOwnCopy(given, onHost, 'directory');
  const pin = copyBecause === null ? null : link.pin;
  const verdicts = pin === null ? onHost : judgeMounts(given, environment, pin);
  const elided = elidedMounts(given, environment, pin ?? skeleton, verdicts, copyBecause !== null);
  const annotations = { 'org.chos.environment': pin?.name ?? skeleton.path };
  // A user has no right over the host's mounts, whatever capabilities it has in a user namespace, and a copy cannot be made for it.
  const shared = copyBecause === null && !skeleton.copied;
  const placement = enteredPlacement(environment, namespaces, elided.places, { annotations, shared });
  const launch: Launch = { ...given, placement };
  const hold = skeleton.copied
    ? seenSkeleton(launch, skeleton, look)
    : heldSkeleton(launch, skeleton, pin, fd, look);
  const fills = verdicts.some(({ kind }) => kind === 'mounted');
  return {
    launch,
    open: [...announce(launch), ...hold.open],
    settled: hold.settled,
    prepareRoot: (input, refuse) =>
      prepareRoot(
        launch,
        input,
        refuse,
        enteredWay(launch, environment, elided.places, {
          enter: [
            ...setLink(launch.open, target, becauseOf(environment)),
            ...hold.before,
            ...elided.sources,
            ...entrance(launch, link, pin, fd, namespaces, elided, copyBecause),
            ...hold.inside,
            ...(copyBecause === null ? elided.shared : []),
            seeTree(environment, link, look),
          ],
          unseal: [...unseal(launch, fills), ...patchTree(launch, environment, environment.path)],
          seal: seal(launch, link, fills),
          own: copyBecause === null ? null : namespaces,
        }),
      ),
  };
}
