/**
 * What is bound into a user namespace, and its root, opened by the host: root of the container may not reach it, nor may the ids that init begins with, where it
 * takes more rights than those of the owner. Opened where init is: there the mounts of the host are locked as they are for whoever comes from a user
 * namespace (mount_namespaces(7)), so that nobody inside makes writable what the host has read-only.
 */
import { TemplateField } from '../../../spec/instructions.js';
import { AT_FDCWD, Clone } from '../../../spec/kernel.js';
import type { Action } from '../../program/action.js';
import { attempt, ignoring, when } from '../../program/control.js';
import { buffer, field, type Slot, slot, struct, text, u32 } from '../../program/operand.js';
import { format, type Line, load, move, recv, send, store, sys } from '../../program/step.js';
import { chrootHere, openOwnMounts } from '../idioms/enter-root.js';
import { operation } from '../idioms/operation.js';
import { hasMountNamespace, type Launch, rule } from '../launch/launch.js';

/** Descriptors in one message: MESSAGE_DESCRIPTORS of the engine. */
const MOST = 200;

export interface Sources {
  readonly actions: readonly Action[];
  /** What they open. */
  readonly opened: readonly Slot[];
}

export interface GivenSources {
  /** Host track, init being there. */
  readonly open: readonly Action[];
  /** Host track, once init goes on. */
  readonly give: readonly Action[];
  /** Init track. */
  readonly take: readonly Action[];
}

export function givenByHost(launch: Launch, { actions, opened }: Sources): GivenSources {
  if (opened.length === 0) return { open: [], give: [], take: [] };
  const because = rule('user namespace: root of the container may not reach it');
  const chunks = Array.from({ length: Math.ceil(opened.length / MOST) }, (_, n) =>
    opened.slice(n * MOST, (n + 1) * MOST),
  );
  const fds = chunks.map((chunk, n) =>
    struct(
      `sources ${n}`,
      chunk.map(() => u32(0)),
    ),
  );
  const { hostEnd, initEnd, message, messageSize } = launch.cells;
  return {
    open: hasMountNamespace(launch) ? inMountsOfInit(launch, actions) : actions,
    give: [
      operation({ kind: 'give-sources', count: opened.length, because }, [
        // Whose other end is gone, says why there.
        ...ignoring(['EPIPE', 'ECONNRESET'], gone =>
          chunks.flatMap((chunk, n) => giveChunk(hostEnd, chunk, fds[n] ?? message, gone)),
        ),
        ...opened.map(fd => sys('close', [fd])),
      ]),
    ],
    take: [
      operation({ kind: 'take-sources', count: opened.length, because }, [
        ...chunks.flatMap((chunk, n) => {
          const array = fds[n] ?? message;
          return [
            recv(initEnd, message, { to: messageSize }, { array, count: chunk.length }),
            ...chunk.map((fd, i) => load(fd, 'I32', array, i * 4)),
          ];
        }),
      ]),
    ],
  };
}

function giveChunk(
  to: Slot,
  chunk: readonly Slot[],
  array: ReturnType<typeof struct>,
  gone: Parameters<typeof send>[4],
): readonly Line[] {
  return [
    ...chunk.map((fd, i) => store('U32', array, i * 4, fd)),
    send(to, text('s'), 1, { array, count: chunk.length }, gone),
  ];
}

interface OwnView {
  readonly mounts: Slot;
  readonly root: Slot;
  readonly directory: Slot;
}

/** Root of a user namespace in the mounts of somebody else (`unshare -Ur`) may leave them and not come back: it takes a copy, in which it could not have mounted anything either. */
function wayBack({ mounts, root, directory }: OwnView, openOwn: readonly Line[]): readonly Line[] {
  return attempt(['EPERM'], not => [sys('setns', [mounts, Clone.NEWNS], not)], [
    ...[mounts, root, directory].map(fd => sys('close', [fd])),
    sys('unshare', [Clone.NEWNS]),
    ...openOwn,
  ]);
}

/** Goes to the mount namespace and the root of init, and comes back. */
function inMountsOfInit(launch: Launch, actions: readonly Action[]): readonly Action[] {
  const { open, cells } = launch;
  const because = rule('user namespace: mounts are locked there');
  const own: OwnView = {
    mounts: slot('own_mounts', -1),
    root: slot('own_root', -1),
    directory: slot('own_directory', -1),
  };
  const itsRoot = slot('root_of_init', -1);
  const path = buffer('root_of_init_path', 40);
  const directory = open.PATH | open.DIRECTORY | open.CLOEXEC;
  const openOwn: readonly Line[] = [
    openOwnMounts(open, own.mounts),
    sys('openat', [AT_FDCWD, text('/'), directory, 0], { to: own.root }),
    sys('openat', [AT_FDCWD, text('.'), directory, 0], { to: own.directory }),
  ];
  const back: readonly Line[] = [
    sys('setns', [own.mounts, Clone.NEWNS]),
    sys('fchdir', [own.root]),
    ...chrootHere(),
    sys('fchdir', [own.directory]),
    ...[own.mounts, own.root, own.directory].map(fd => sys('close', [fd])),
    move(own.directory, -1),
  ];
  return [
    operation(
      { kind: 'enter-mounts-of-init', because },
      [
        ...openOwn,
        format(path, ['/proc/', field(TemplateField.DECIMAL, cells.pid), '/root']),
        sys('openat', [AT_FDCWD, path, directory, 0], { to: itsRoot }),
        ...(launch.facts.userNamespace === null ? [] : wayBack(own, openOwn)),
        sys('setns', [cells.pidfd, Clone.NEWNS]),
        sys('fchdir', [itsRoot]),
        ...chrootHere(),
        sys('close', [itsRoot]),
      ],
      { undo: when(own.directory, 'GE', 0, back) },
    ),
    ...actions,
    operation({ kind: 'leave-mounts-of-init', because }, back),
  ];
}
