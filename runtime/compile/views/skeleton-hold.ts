/**
 * How a launch by the kernel's link is sure that it enters the skeleton that it was compiled for, and that `skeleton remove` knows of it. Root locks the record on
 * its way in. Whoever holds a lock keeps `skeleton remove` waiting, so users look at a copy of the record before they go in, and again once they are in: the copy
 * goes away before `skeleton remove` looks who is inside, so that either they find it gone or they are seen.
 */
import type { KernelLink, Pin } from '../../../spec/environment.js';
import { errnos } from '../../../spec/errno.js';
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, LOCK_UN, STATX_BASIC_STATS } from '../../../spec/kernel.js';
import type { Action } from '../../program/action.js';
import { type Slot, slot, text } from '../../program/operand.js';
import { type Line, sys } from '../../program/step.js';
import { openPlace } from '../idioms/entries.js';
import { operation } from '../idioms/operation.js';
import { type Launch, rule } from '../launch/launch.js';
import { holdRecord, type Look, openNamespace, sameDirectory, sameHost, sameStamp } from './open-pin.js';

type Skeleton = KernelLink['skeleton'];

export interface SkeletonHold {
  /** Host track, before init. */
  readonly open: readonly Action[];
  /** Init, before it goes in, and once it is in. */
  readonly before: readonly Action[];
  readonly inside: readonly Action[];
  /** Host track, once init is in. */
  readonly settled: readonly Action[];
}

const ESTALE = errnos.ESTALE.number;

function seen(look: Look, path: string, root: Skeleton['root']): readonly Line[] {
  return [
    sys('statx', [AT_FDCWD, text(path), 0, STATX_BASIC_STATS, look.stat]),
    ...sameDirectory(look, root, ESTALE),
  ];
}

const letGo = (name: string, lines: readonly Line[]): Action =>
  operation({ kind: 'let-go', of: 'skeleton', name, because: rule('init is in it') }, lines);

/** `pin`: the namespace that init is to copy, opened to `fd`. */
export function heldSkeleton(
  { open }: Launch,
  { path, root, record: file, stamp, host }: Skeleton,
  pin: Pin | null,
  fd: Slot,
  look: Look,
): SkeletonHold {
  const record = slot('skeleton_record', -1);
  return {
    open: [
      sameHost(look, path, host),
      operation({ kind: 'hold-skeleton', path, because: rule('kmod') }, [
        ...holdRecord(open, look, file, stamp, record),
        ...seen(look, path, root),
        ...(pin === null ? [] : openNamespace(open, look, pin, fd)),
      ]),
    ],
    before: [
      operation({ kind: 'let-go', of: 'record', because: rule('the host holds it') }, [
        sys('close', [record]),
      ]),
    ],
    inside: [],
    settled: [
      letGo(path, [
        sys('flock', [record, LOCK_UN]),
        sys('close', [record]),
        ...(pin === null ? [] : [sys('close', [fd])]),
      ]),
    ],
  };
}

export function seenSkeleton(
  { open }: Launch,
  { path, root, record: file, stamp, host }: Skeleton,
  look: Look,
): SkeletonHold {
  const records = slot('skeleton_records', -1);
  const slash = file.lastIndexOf('/');
  const recorded = [
    sys('statx', [records, text(file.slice(slash + 1)), AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, look.stat]),
    ...sameStamp(look, stamp, ESTALE),
  ];
  return {
    open: [
      sameHost(look, path, host),
      operation({ kind: 'find-skeleton', path, because: rule('kmod') }, [
        openPlace(open, file.slice(0, slash), records),
        ...recorded,
        ...seen(look, path, root),
      ]),
    ],
    before: [],
    inside: [
      operation({ kind: 'see-skeleton', path, because: rule('nobody holds it') }, [
        ...recorded,
        ...seen(look, '/', root),
        sys('close', [records]),
      ]),
    ],
    settled: [letGo(path, [sys('close', [records])])],
  };
}
