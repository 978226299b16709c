/**
 * The back end `pinned` (docs/architecture.md): init enters a mount namespace that `tree prepare` put together.
 */
import type { Environment, Pin } from '../../../spec/environment.js';
import { errnos } from '../../../spec/errno.js';
import {
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  Clone,
  LOCK_UN,
  MountAttr,
  STATX_BASIC_STATS,
} from '../../../spec/kernel.js';
import type { Action } from '../../program/action.js';
import { type Slot, slot, text } from '../../program/operand.js';
import { resolve, sys } from '../../program/step.js';
import { setAttributes } from '../idioms/mount-steps.js';
import { operation } from '../idioms/operation.js';
import { type Launch, rule } from '../launch/launch.js';
import { prepareRoot } from '../root/prepare.js';
import type { BackEnd } from './back-end.js';
import { elidedMounts } from './elided-mounts.js';
import { judgeMounts } from './elision.js';
import { createNamespaces, enteredPlacement, enteredWay } from './entered-root.js';
import { announce, becauseOf, patchTree } from './environment-mounts.js';
import { lateMounts, restrictLateMounts } from './late-options.js';
import {
  copyJoined,
  createLook,
  holdRecord,
  joinPin,
  type Look,
  openNamespace,
  sameDirectory,
  sameHost,
} from './open-pin.js';
import { type WhyCopy, whyOwnCopy } from './own-copy.js';

interface Cells {
  readonly pin: Slot;
  readonly record: Slot;
}

function openEnvironment(launch: Launch, environment: Environment, pin: Pin, c: Cells): readonly Action[] {
  const { open } = launch;
  const look = createLook();
  return [
    sameHost(look, pin.name, pin.host),
    operation({ kind: 'open-pin', name: pin.name, tree: environment.tree, because: becauseOf(environment) }, [
      ...holdRecord(open, look, pin.record, pin.stamp, c.record),
      ...openNamespace(open, look, pin, c.pin),
    ]),
    ...sameTree(look, pin, environment),
  ];
}

/** A tree that was exchanged would go on living in its generation, unnoticed. */
function sameTree(look: Look, { name, tree }: Pin, environment: Environment): readonly Action[] {
  if (tree === null) return [];
  const { path, fact } = tree;
  return [
    operation({ kind: 'see-tree', path, name, tree: environment.tree, because: becauseOf(environment) }, [
      sys('statx', [AT_FDCWD, text(path), 0, STATX_BASIC_STATS, look.stat]),
      ...sameDirectory(look, fact, errnos.ESTALE.number),
    ]),
  ];
}

/** Inside: files can be moved about in the place of the pins by whoever is root where it shows; which tree this is, is seen here. */
function seeTree({ name, shows }: Pin, environment: Environment): readonly Action[] {
  if (!shows) return [];
  const { path, tree } = environment;
  const look = createLook();
  return [
    operation({ kind: 'see-shown-tree', path, name, tree, because: becauseOf(environment) }, [
      sys('statx', [AT_FDCWD, text(shows.path), AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, look.stat]),
      ...sameDirectory(look, shows.directory, errnos.ESTALE.number),
    ]),
  ];
}

function stay(launch: Launch, pin: Pin, c: Cells): Action {
  const { open, cells } = launch;
  return operation({ kind: 'enter-pin', name: pin.name, stays: true, because: rule('pinned') }, [
    sys('setns', [c.pin, Clone.NEWNS]),
    sys('close', [c.pin]),
    sys('close', [c.record]),
    sys('openat', [AT_FDCWD, text('/'), open.PATH | open.DIRECTORY | open.CLOEXEC, 0], { to: cells.rootFd }),
  ]);
}

/** `fills`: something is mounted in a skeleton, which is read-only, as all see it; in a copy, what mounts need may be made while nobody else is inside. */
function unseal(launch: Launch, fills: boolean): readonly Action[] {
  if (!fills) return [];
  return [
    operation({ kind: 'unseal-skeleton', because: rule('pinned') }, [
      setAttributes(launch.cells.rootFd, 0, MountAttr.RDONLY, 0, false),
    ]),
  ];
}

function seal(launch: Launch, fills: boolean): readonly Action[] {
  const { rootFd } = launch.cells;
  return [
    ...(fills
      ? [
          operation({ kind: 'reseal-skeleton', because: rule('pinned') }, [
            setAttributes(rootFd, MountAttr.RDONLY, 0, 0, false),
          ]),
        ]
      : []),
    ...(launch.config.root.readonly
      ? [
          operation({ kind: 'make-root-readonly', because: launch.because('root', 'readonly') }, [
            setAttributes(rootFd, MountAttr.RDONLY, 0, 0, false),
          ]),
        ]
      : []),
  ];
}

/**
 * The tree's directories where the root is a skeleton; shares keep what they have. Before the mounts of config.json, which keep their own attributes:
 * whatever lies at these places afterwards need not be the tree's.
 */
function readonlyTree(launch: Launch, pin: Pin): readonly Action[] {
  if (!launch.config.root.readonly) return [];
  const fd = slot('readonly_tree');
  const places = pin.treeMounts.filter(path => path !== '/');
  if (places.length === 0) return [];
  return [
    operation({ kind: 'make-tree-readonly', because: launch.because('root', 'readonly') }, [
      ...places.flatMap(path => [
        resolve({ root: launch.cells.rootFd, path: text(path), how: 'NOFOLLOW' }, { to: fd }),
        setAttributes(fd, MountAttr.RDONLY, 0, 0, false),
        sys('close', [fd]),
      ]),
    ]),
  ];
}

export function pinnedBackEnd(given: Launch, environment: Environment, pin: Pin): BackEnd {
  const c: Cells = { pin: slot('pin_fd', -1), record: slot('pin_record', -1) };
  const namespaces = createNamespaces();
  const verdicts = judgeMounts(given, environment, pin);
  const late = lateMounts(environment, pin);
  const [first] = late;
  const copyBecause: WhyCopy | null =
    whyOwnCopy(given, verdicts, 'namespace') ??
    (first === undefined ? null : { why: 'late-mount', path: first.path });
  const elided = elidedMounts(given, environment, pin, verdicts, copyBecause !== null);
  const annotations = { 'org.chos.environment': pin.name };
  const shared = copyBecause === null;
  const placement = enteredPlacement(environment, namespaces, elided.places, { annotations, shared });
  const launch: Launch = { ...given, placement };
  const fills = !pin.treeMounts.includes('/') && verdicts.some(({ kind }) => kind === 'mounted');
  const enter =
    copyBecause === null
      ? [stay(launch, pin, c), ...seeTree(pin, environment), ...elided.shared]
      : [
          joinPin(launch, pin, c.pin, namespaces, 'pinned'),
          ...seeTree(pin, environment),
          ...elided.shared,
          copyJoined(launch, pin, [c.pin, c.record], namespaces, copyBecause, 'pinned'),
          ...restrictLateMounts(launch, late),
        ];
  return {
    launch,
    open: [...announce(launch), ...openEnvironment(launch, environment, pin, c)],
    settled: [
      operation({ kind: 'let-go', of: 'pin', name: pin.name, because: rule('init is in it') }, [
        sys('flock', [c.record, LOCK_UN]),
        sys('close', [c.record]),
        sys('close', [c.pin]),
      ]),
    ],
    prepareRoot: (input, refuse) =>
      prepareRoot(
        launch,
        input,
        refuse,
        enteredWay(launch, environment, elided.places, {
          enter: [...elided.sources, ...enter],
          unseal: [
            ...readonlyTree(launch, pin),
            ...unseal(launch, fills),
            ...patchTree(launch, environment, ''),
          ],
          seal: seal(launch, fills),
          own: copyBecause === null ? null : namespaces,
        }),
      ),
  };
}
