/**
 * `skeleton create`: the root of the back end `kmod`, one for all trees, mounted on the host. It is put together aside and put in place in one step; later it is
 * changed in place, so that shares come and go for running processes. Then a namespace that holds nothing else is pinned.
 */
import type { DirectoryFact, SkeletonWork } from '../../spec/environment.js';
import { errnos } from '../../spec/errno.js';
import type { Arch } from '../../spec/image.js';
import { AT_EMPTY_PATH, MountAttr, type OpenFlags, openFlags, STATX_BASIC_STATS } from '../../spec/kernel.js';
import type { Action, Program } from '../program/action.js';
import { label, type Slot, slot, text } from '../program/operand.js';
import { sys } from '../program/step.js';
import { guardKernel } from './container/kernel.js';
import { detachReal } from './idioms/detach-real.js';
import { openPlace } from './idioms/entries.js';
import { hostProgram } from './idioms/host-program.js';
import { cloneTree, setAttributes } from './idioms/mount-steps.js';
import { operation } from './idioms/operation.js';
import { rule } from './launch/launch.js';
import { makerTrack } from './pins/maker.js';
import { createMakerCells, makePin, type NewPin } from './pins/pin-namespace.js';
import { recordPin } from './pins/pin-record.js';
import { enterHost, lockPins, printAndEnd, unpin } from './pins/pins.js';
import { makeEntries, openLink, removeLinks } from './pins/skeleton-entries.js';
import { alterMounts, showMounts } from './pins/skeleton-mounts.js';
import { assembleAside, putInPlace } from './pins/skeleton-place.js';
import { recordSkeleton, tellModule } from './pins/skeleton-record.js';
import { createLook, sameDirectory } from './views/open-pin.js';

/** The skeleton that is there, changed under those who are in it. */
function change(work: SkeletonWork, fact: DirectoryFact, root: Slot, open: OpenFlags): readonly Action[] {
  const look = createLook();
  return [
    operation({ kind: 'open-skeleton', path: work.path, because: rule('it is there') }, [
      openPlace(open, work.path, root),
      sys('statx', [root, text(''), AT_EMPTY_PATH, STATX_BASIC_STATS, look.stat]),
      ...sameDirectory(look, fact, errnos.ESTALE.number),
    ]),
    ...alterMounts(work, root, open),
    ...work.detach.map(path =>
      operation(
        { kind: 'let-go-of-mount', path, because: rule('the registry') },
        detachReal(open, work.path + path, 1),
      ),
    ),
    ...changeEntries(work, root),
    ...showMounts(work.mount, root, open),
  ];
}

/** Its own directories and links, by way of a mount that can be written: the one in place is read-only. */
function changeEntries(work: SkeletonWork, root: Slot): readonly Action[] {
  const { unlink, make } = work;
  if (unlink.length + work.open.length + make.length === 0) return [];
  const writable = slot('skeleton_writable');
  return [
    operation({ kind: 'copy-skeleton-mount', because: rule('it is read-only') }, [
      cloneTree(root, false, writable),
      setAttributes(writable, 0, MountAttr.RDONLY, 0, false),
    ]),
    ...removeLinks(unlink, writable),
    ...work.open.flatMap(({ path, mode, entries }) => openLink(path, entries, mode, writable)),
    ...makeEntries(make, writable),
    operation({ kind: 'close-skeleton-copy', because: rule('all is made') }, [sys('close', [writable])]),
  ];
}

export function compileSkeleton(
  work: SkeletonWork & { readonly arch: Arch; readonly summary: string },
): Program {
  const { place, path, generation, cpus, boot, shares, stale } = work;
  const open = openFlags(work.arch);
  const pins = slot('pins', -1);
  const root = slot('skeleton', -1);
  const pin: NewPin = { place, generation, shown: `${path}@${generation}`, cpus };
  const cells = createMakerCells();
  const complete = label('pinned_already');
  const inside = slot('skeleton_inside');
  const host: readonly Action[] = [
    guardKernel(),
    ...(work.enter ? [enterHost(open)] : []),
    ...lockPins(place, open, pins),
    ...(work.root === null
      ? [...assembleAside(work, pins, root, open), putInPlace(work, pins, root, open)]
      : change(work, work.root, root, open)),
    recordSkeleton(work, pins, open),
    tellModule(path, open),
    ...makePin(pin, pins, open, cells, complete),
    ...recordPin(pin, pins, open, cells, { path, readonly: false, boot, treeMounts: [], shares }),
    operation({ kind: 'drop-older-pins', pins: stale, because: rule('the newest counts') }, [
      complete,
      ...stale.flatMap(file => unpin(pins, `${place.directory}/${file}`, file)),
    ]),
    printAndEnd(work.summary, 'skeleton create'),
  ];
  const enter = operation({ kind: 'open-skeleton', path, because: rule('it is to be all') }, [
    openPlace(open, path, inside),
  ]);
  return hostProgram(work.arch, host, [makerTrack(open, cells, { actions: [enter], root: inside })]);
}
