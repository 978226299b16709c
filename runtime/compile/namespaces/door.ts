/**
 * A user namespace by path. Nobody comes back from one, so the host does not go there itself: a child of its own does, the door. With the rights of the host it joins
 * the other namespaces that are named by path, which need not belong to the user namespace, then that one, and starts init there as a sibling (CLONE_PARENT), in
 * the new ones. The host learns from it who init is.
 */
import { errnos } from '../../../spec/errno.js';
import { Clone, SIGKILL } from '../../../spec/kernel.js';
import type { Action, Track } from '../../program/action.js';
import { attempt, when } from '../../program/control.js';
import { type Data, type Label, label, type Slot, slot, struct, u32, u64 } from '../../program/operand.js';
import {
  call,
  exit,
  fail,
  failVerbatim,
  type Line,
  load,
  move,
  recv,
  send,
  store,
  sys,
  track,
  waitReadable,
  waitReap,
} from '../../program/step.js';
import { cloneArguments } from '../idioms/clone.js';
import { operation } from '../idioms/operation.js';
import { dropGroupsOutside } from '../launch/callers-groups.js';
import { type Launch, rule } from '../launch/launch.js';
import { type Joined, namespaceFlags } from './namespaces.js';

export interface Door {
  /** Host track: what starts init, and who it is. */
  readonly through: readonly Line[];
  readonly track: Track;
}

export interface BehindDoor {
  /** struct clone_args. */
  readonly arguments: Data;
  readonly begin: Label;
  /** What the door does when it fails. */
  readonly failed: readonly Line[];
}

/** Who joins it does not make it: those are joined by the door, the user namespace last. */
export function joinsUsers({ namespaces }: Pick<Launch, 'namespaces'>): boolean {
  return namespaces.has('user') && namespaces.get('user') !== 'new';
}

export function openDoor(launch: Launch, joined: readonly Joined[], init: BehindDoor): Door {
  const { cells } = launch;
  const begin = label('door_begin');
  const [pid, pidfd] = [slot('door_pid'), slot('door_pidfd', -1)];
  const child = slot('door_child');
  const word = struct('door pid', [u64(0)]);
  const fds = struct('door fds', [u32(-1 >>> 0), u32(0)]);
  return {
    through: [
      track(cloneArguments('door', Clone.PIDFD, pidfd), 'door', begin, { to: pid }),
      ...untilOpen(launch, pidfd),
      recv(cells.hostEnd, cells.message, { to: cells.messageSize }, { array: fds, count: 1 }),
      waitReap(pidfd, 10_000, { to: cells.result }),
      sys('close', [pidfd]),
      ...when(cells.messageSize, 'EQ', 0, [fail(errnos.ESRCH.number)]),
      ...when(cells.messageSize, 'NE', word.size, [
        failVerbatim(errnos.ECHILD.number, cells.message, cells.messageSize),
      ]),
      load(cells.pid, 'U64', cells.message),
      load(cells.pidfd, 'I32', fds, 0),
    ],
    track: {
      name: 'door',
      actions: [
        operation({ kind: 'begin-as-door', because: rule('a user namespace by path') }, [begin]),
        ...joined.filter(n => n.type !== 'user').map(n => join(launch, n)),
        ...dropGroupsOutside(launch),
        ...joined.filter(n => n.type === 'user').map(n => join(launch, n)),
        operation({ kind: 'start-init-behind-door', because: rule('namespaces') }, [
          track(init.arguments, 'init', init.begin, { to: child }),
          store('U64', word, 0, child),
          store('U32', fds, 0, cells.pidfd),
          send(cells.initEnd, word, word.size, { array: fds, count: 1 }),
          exit(0),
        ]),
      ],
      failed: init.failed,
    },
  };
}

/** Processes of the user namespace that see it may stop it, once it is in there; it does not take long. */
function untilOpen({ cells }: Launch, pidfd: Slot): readonly Line[] {
  const { interrupts, hostEnd } = cells;
  const which = slot('door_ready');
  return [
    ...attempt(
      ['ETIMEDOUT'],
      late => [waitReadable(hostEnd, 10_000, { to: which, ...late }, interrupts.fd)],
      [move(which, 0)],
    ),
    ...when(which, 'NE', 1, [
      sys('pidfd_send_signal', [pidfd, SIGKILL, 0, 0]),
      waitReap(pidfd, 10_000, { to: cells.result }),
      ...when(which, 'EQ', 2, [call(interrupts.fail)]),
      fail(errnos.ETIMEDOUT.number),
    ]),
  ];
}

function join(launch: Launch, { type, path, fd, index }: Joined): Action {
  const because = launch.because('linux', 'namespaces', index);
  return operation({ kind: 'join-namespace', type, path, because }, [
    sys('setns', [fd, namespaceFlags[type]]),
  ]);
}
