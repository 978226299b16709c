/** Is this still the host, and is what was prepared still what the program was compiled for? Checked by the host track, before init is there. */
import type { DirectoryFact, Pin } from '../../../spec/environment.js';
import { errnos } from '../../../spec/errno.js';
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  Clone,
  LOCK_NB,
  LOCK_SH,
  type OpenFlags,
  STATX_BASIC_STATS,
  Statx,
} from '../../../spec/kernel.js';
import type { Action } from '../../program/action.js';
import { attempt } from '../../program/control.js';
import { buffer, type Data, type Slot, slot, text } from '../../program/operand.js';
import { fail, guard, type Line, load, sys } from '../../program/step.js';
import { openOwnMounts } from '../idioms/enter-root.js';
import { operation } from '../idioms/operation.js';
import { type Launch, rule } from '../launch/launch.js';
import type { Namespaces } from './entered-root.js';
import type { WhyCopy } from './own-copy.js';

/** struct statx: stx_mtime */
const MTIME = { SECONDS: 112, NANOSECONDS: 120 } as const;

/** Memory for looks at what is there. */
export interface Look {
  readonly stat: Data;
  readonly value: Slot;
}

export function createLook(): Look {
  return { stat: buffer('pin_stat', 256), value: slot('pin_value') };
}

const { ESTALE, EXDEV } = { ESTALE: errnos.ESTALE.number, EXDEV: errnos.EXDEV.number };

function same(
  look: Look,
  width: 'U32' | 'U64',
  at: number,
  expected: number,
  errno: number,
): readonly Line[] {
  return [load(look.value, width, look.stat, at), guard(look.value, 'EQ', expected, errno)];
}

/** What was looked at is that directory. */
export function sameDirectory(look: Look, fact: DirectoryFact, errno: number): readonly Line[] {
  return [
    ...same(look, 'U64', Statx.INO, fact.inode, errno),
    ...same(look, 'U32', Statx.DEV_MAJOR, fact.major, errno),
    ...same(look, 'U32', Statx.DEV_MINOR, fact.minor, errno),
  ];
}

/** What was looked at was written at that moment. */
export function sameStamp(look: Look, stamp: Pin['stamp'], errno: number): readonly Line[] {
  return [
    ...same(look, 'U64', MTIME.SECONDS, stamp.seconds, errno),
    ...same(look, 'U32', MTIME.NANOSECONDS, stamp.nanoseconds, errno),
  ];
}

/** Rule 3. `name`: what was prepared. */
export function sameHost(look: Look, name: string, host: Pin['host']): Action {
  return operation(
    { kind: 'see-host', as: name, because: rule('another mount namespace would lose its view') },
    [
      sys('statx', [AT_FDCWD, text('/proc/self/ns/mnt'), 0, STATX_BASIC_STATS, look.stat]),
      ...same(look, 'U64', Statx.INO, host.namespace, EXDEV),
      sys('statx', [AT_FDCWD, text('/'), 0, STATX_BASIC_STATS, look.stat]),
      ...sameDirectory(look, host.root, EXDEV),
    ],
  );
}

/** Open and lock a record, shared: whoever wants to take away what it tells of waits until the launch let go of it. */
export function holdRecord(
  open: OpenFlags,
  look: Look,
  record: string,
  stamp: Pin['stamp'],
  to: Slot,
): readonly Line[] {
  return [
    sys('openat', [AT_FDCWD, text(record), open.RDONLY | open.NOFOLLOW | open.CLOEXEC, 0], { to }),
    ...attempt(['EAGAIN'], closed => [sys('flock', [to, LOCK_SH | LOCK_NB], closed)], [fail(ESTALE)]),
    sys('statx', [to, text(''), AT_EMPTY_PATH, STATX_BASIC_STATS, look.stat]),
    ...sameStamp(look, stamp, ESTALE),
  ];
}

export function openNamespace(open: OpenFlags, look: Look, pin: Pin, to: Slot): readonly Line[] {
  return [
    sys('openat', [AT_FDCWD, text(pin.path), open.RDONLY | open.NOFOLLOW | open.CLOEXEC, 0], { to }),
    sys('statx', [to, text(''), AT_EMPTY_PATH, STATX_BASIC_STATS, look.stat]),
    ...same(look, 'U64', Statx.INO, pin.inode, ESTALE),
  ];
}

/** Into the pinned namespace itself, keeping a way back to the host for the sources of binds. */
export function joinPin(launch: Launch, pin: Pin, fd: Slot, { host }: Namespaces, why: string): Action {
  const { open } = launch;
  return operation({ kind: 'enter-pin', name: pin.name, stays: false, because: rule(why) }, [
    openOwnMounts(open, host),
    sys('setns', [fd, Clone.NEWNS]),
  ]);
}

/** A copy of the namespace that init has joined. */
export function copyJoined(
  launch: Launch,
  pin: Pin,
  fds: readonly Slot[],
  { copy }: Namespaces,
  because: WhyCopy,
  why: string,
): Action {
  const { open, cells } = launch;
  return operation({ kind: 'copy-view', of: pin.name, ...because, because: rule(why) }, [
    sys('unshare', [Clone.NEWNS]),
    openOwnMounts(open, copy),
    ...fds.map(fd => sys('close', [fd])),
    sys('openat', [AT_FDCWD, text('/'), open.PATH | open.DIRECTORY | open.CLOEXEC, 0], { to: cells.rootFd }),
  ]);
}
