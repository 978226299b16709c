/** The skeleton of all trees, put together aside and put in place in one step. */
import { CARRIER_SOURCE, SKELETON_SOURCE, type SkeletonWork } from '../../../spec/environment.js';
import { AT_FDCWD, AT_REMOVEDIR, MountAttr, type OpenFlags, Propagation } from '../../../spec/kernel.js';
import type { Action } from '../../program/action.js';
import { type Slot, slot, text } from '../../program/operand.js';
import { type Line, sys } from '../../program/step.js';
import { detach } from '../idioms/detach-real.js';
import { makeDirectory, openPlace } from '../idioms/entries.js';
import { attach, newFilesystem, setAttributes } from '../idioms/mount-steps.js';
import { operation } from '../idioms/operation.js';
import { rule } from '../launch/launch.js';
import { makeEntries } from './skeleton-entries.js';
import { showMounts } from './skeleton-mounts.js';

const STAGE = 'stage';

/** On our own tmpfs, which is private: what is half made is seen by nobody. */
export function assembleAside(
  work: SkeletonWork,
  pins: Slot,
  root: Slot,
  open: OpenFlags,
): readonly Action[] {
  const stage = slot('stage_fd');
  return [
    operation({ kind: 'stage-skeleton', because: rule('in place in one step') }, [
      ...makeDirectory(pins, STAGE, 0o700),
      ...detach(`${work.place.directory}/${STAGE}`),
      ...tmpfs(SKELETON_SOURCE, '4m', MountAttr.NOSUID | MountAttr.NODEV, root),
      openPlace(open, STAGE, stage, pins),
      attach(root, stage),
      sys('close', [stage]),
    ]),
    ...makeEntries(work.make, root),
    ...showMounts(work.mount, root, open),
  ];
}

/** A private mount below it keeps it, and all that is mounted in it later, from being shared with other namespaces and so losing its masters. */
export function putInPlace(work: SkeletonWork, pins: Slot, root: Slot, open: OpenFlags): Action {
  const { path, leftovers } = work;
  const carrier = slot('carrier_mount');
  const onto = slot('carrier_onto');
  const hardened = MountAttr.RDONLY | MountAttr.NOSUID | MountAttr.NODEV | MountAttr.NOEXEC;
  return operation({ kind: 'place-skeleton', path, because: rule('in one step') }, [
    ...makeDirectory(AT_FDCWD, path, 0o755),
    ...detach(path, leftovers),
    setAttributes(root, MountAttr.RDONLY, 0, 0, false),
    ...tmpfs(CARRIER_SOURCE, '4k', hardened, carrier),
    openPlace(open, path, onto),
    attach(carrier, onto),
    setAttributes(carrier, 0, 0, Propagation.PRIVATE, false),
    attach(root, carrier),
    sys('close', [carrier]),
    sys('close', [onto]),
    sys('unlinkat', [pins, text(STAGE), AT_REMOVEDIR]),
  ]);
}

function tmpfs(source: string, size: string, attributes: number, to: Slot): readonly Line[] {
  return newFilesystem(
    'tmpfs',
    source,
    [
      ['mode', '755'],
      ['size', size],
    ],
    attributes,
    to,
  );
}
