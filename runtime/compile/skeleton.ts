/**
 * `skeleton create` and `remove`: the root of the back end `kmod`, one for all trees, mounted on the host. It is put together aside and put in place in one
 * step; later it is changed in place, so that shares come and go for running processes. Then a namespace that holds nothing else is pinned.
 */
import type { PinPlace, SkeletonWork } from '../../spec/environment.js';
import { errnos } from '../../spec/errno.js';
import type { Arch } from '../../spec/image.js';
import { TemplateField } from '../../spec/instructions.js';
import {
  AT_FDCWD,
  AT_REMOVEDIR,
  MNT_DETACH,
  MountAttr,
  type OpenFlags,
  openFlags,
  Propagation,
  STATX_BASIC_STATS,
  Statx,
  UMOUNT_NOFOLLOW,
} from '../../spec/kernel.js';
import { skeletonTemplate } from '../../spec/records/skeleton.js';
import { type Action, action, failedErrno, type Program } from '../program/action.js';
import { buffer, field, label, type Slot, slot, templateBound, text } from '../program/operand.js';
import { exit, exitReporting, format, jump, type Line, load, sys } from '../program/step.js';

import { guardKernel, writeWhole } from './container/state.js';
import { detachReal } from './idioms/detach-real.js';
import { attach, cloneTree, newFilesystem, setAttributes } from './idioms/mount-steps.js';
import { rule } from './launch/launch.js';
import { makerTrack } from './pins/maker.js';
import { createMakerCells, makePin, type NewPin } from './pins/pin-namespace.js';
import { lookAtHost, recordPin } from './pins/pin-record.js';
import { dropEmptyPlace, enterHost, lockPins, unpin } from './pins/pins.js';
import { makeEntries, openLink, removeLinks } from './pins/skeleton-entries.js';
import { alterMounts, showMounts } from './pins/skeleton-mounts.js';
import { createLook, sameDirectory } from './views/open-pin.js';

const STAGE = 'stage';
/** Names in mountinfo by which we know our own mounts (runtime/trees/skeleton-place.ts). */
export const SKELETON_SOURCE = 'chos-skeleton';
export const CARRIER_SOURCE = 'chos-carrier';

/** module_param of kmod/chos/enter.c: to where it moves those who choose a tree by a write. */
const PARAMETER = '/sys/module/chos/parameters/skeleton';

/** Detach what is mounted on a path, `times` at most; all if not given. */
function detach(path: string, times?: number): readonly Line[] {
  const done = label('detached');
  const again = label('detach_again');
  const once = sys('umount2', [text(path), MNT_DETACH | UMOUNT_NOFOLLOW], {
    on: [['EINVAL', 'ENOENT'], done],
  });
  return times === undefined
    ? [again, once, jump(again), done]
    : [...new Array<Line>(times).fill(once), done];
}

/** Aside, on our own tmpfs, which is private: what is half made is seen by nobody. */
function assemble(work: SkeletonWork, pins: Slot, root: Slot, open: OpenFlags): readonly Action[] {
  const stage = slot('stage_fd');
  const exists = label('stage_exists');
  const path = `${work.place.directory}/${STAGE}`;
  return [
    action({ title: 'mount a tmpfs for the skeleton, aside', because: rule('in place in one step') }, [
      sys('mkdirat', [pins, text(STAGE), 0o700], { on: [['EEXIST'], exists] }),
      exists,
      ...detach(path),
      ...newFilesystem(
        'tmpfs',
        SKELETON_SOURCE,
        [
          ['mode', '755'],
          ['size', '4m'],
        ],
        MountAttr.NOSUID | MountAttr.NODEV,
        root,
      ),
      sys('openat', [pins, text(STAGE), open.PATH | open.DIRECTORY | open.CLOEXEC, 0], { to: stage }),
      attach(root, stage),
      sys('close', [stage]),
    ]),
    ...makeEntries(work.make, root),
    ...showMounts(work.mount, root, open),
  ];
}

/** A private mount below it keeps it, and all that is mounted in it later, from being shared with other namespaces and so losing its masters. */
function putInPlace(work: SkeletonWork, pins: Slot, root: Slot, open: OpenFlags): readonly Action[] {
  const carrier = slot('carrier_mount');
  const onto = slot('carrier_onto');
  const exists = label('place_exists');
  return [
    action({ title: `put the skeleton in place at ${work.path}`, because: rule('in one step') }, [
      sys('mkdirat', [AT_FDCWD, text(work.path), 0o755], { on: [['EEXIST'], exists] }),
      exists,
      ...detach(work.path, work.leftovers),
      setAttributes(root, MountAttr.RDONLY, 0, 0, false),
      ...newFilesystem(
        'tmpfs',
        CARRIER_SOURCE,
        [
          ['mode', '755'],
          ['size', '4k'],
        ],
        MountAttr.RDONLY | MountAttr.NOSUID | MountAttr.NODEV | MountAttr.NOEXEC,
        carrier,
      ),
      sys('openat', [AT_FDCWD, text(work.path), open.PATH | open.DIRECTORY | open.CLOEXEC, 0], { to: onto }),
      attach(carrier, onto),
      setAttributes(carrier, 0, 0, Propagation.PRIVATE, false),
      attach(root, carrier),
      sys('close', [carrier]),
      sys('close', [onto]),
      sys('unlinkat', [pins, text(STAGE), AT_REMOVEDIR]),
    ]),
  ];
}

/** The skeleton that is there, changed under those who are in it. */
function change(work: SkeletonWork, root: Slot, open: OpenFlags): readonly Action[] {
  const look = createLook();
  const writable = slot('skeleton_writable');
  const fact = work.root;
  if (fact === null) return [];
  const made = work.unlink.length + work.open.length + work.make.length > 0;
  return [
    action({ title: `open the skeleton ${work.path}`, because: rule('it is there') }, [
      sys('openat', [AT_FDCWD, text(work.path), open.PATH | open.DIRECTORY | open.CLOEXEC, 0], { to: root }),
      sys('statx', [root, text(''), 0x1000, STATX_BASIC_STATS, look.stat]),
      ...sameDirectory(look, fact, errnos.ESTALE.number),
    ]),
    ...alterMounts(work, root, open),
    ...work.detach.map(path =>
      action({ title: `let go of ${path}`, because: rule('the registry') }, [
        ...detachReal(open, work.path + path, 1),
      ]),
    ),
    ...(made
      ? [
          action(
            { title: 'take a copy of its mount that can be written', because: rule('it is read-only') },
            [cloneTree(root, false, writable), setAttributes(writable, 0, MountAttr.RDONLY, 0, false)],
          ),
          ...removeLinks(work.unlink, writable),
          ...work.open.flatMap(({ path, mode, entries }) => openLink(path, entries, mode, writable)),
          ...makeEntries(work.make, writable),
          action({ title: 'let go of the copy', because: rule('all is made') }, [sys('close', [writable])]),
        ]
      : []),
    ...showMounts(work.mount, root, open),
  ];
}

/** Its record: launches lock it on their way in, and insist on the very one that they were compiled for. */
function record(work: SkeletonWork, pins: Slot, open: OpenFlags): Action {
  const { path } = work;
  const stat = buffer('skeleton_stat', 256);
  const size = slot('skeleton_record_size');
  const host = lookAtHost();
  const cells = {
    ...host.cells,
    rootMajor: slot('skeleton_major'),
    rootMinor: slot('skeleton_minor'),
    rootInode: slot('skeleton_inode'),
  };
  const template = skeletonTemplate(work, (as, name) => field(as, cells[name]));
  const content = buffer('skeleton_record', templateBound(template));
  const gone = label('not_closing');
  return action({ title: `record the skeleton ${path}`, because: rule('launches check it') }, [
    sys('statx', [AT_FDCWD, text(path), 0, STATX_BASIC_STATS, stat]),
    load(cells.rootMajor, 'U32', stat, Statx.DEV_MAJOR),
    load(cells.rootMinor, 'U32', stat, Statx.DEV_MINOR),
    load(cells.rootInode, 'U64', stat, Statx.INO),
    ...host.look,
    format(content, template, { to: size }),
    ...writeWhole(open, pins, `${work.place.file}.json`, content, size, 0o600),
    sys('unlinkat', [pins, text(`${work.place.file}.closing`), 0], { on: [['ENOENT'], gone] }),
    gone,
  ]);
}

/** `path` '': the module is to let go of it. */
function tellModule(path: string, open: OpenFlags): Action {
  const fd = slot('parameter_fd');
  const absent = label('no_module');
  const errno = field(TemplateField.ERRNO, failedErrno);
  return action(
    {
      title:
        path === ''
          ? 'let the kernel module forget it'
          : `tell the kernel module of ${path}, if it is loaded`,
      because: rule('choosing a tree by /proc/chos/setchos'),
      words: [`write the skeleton to ${PARAMETER}: `, errno],
    },
    [
      sys('openat', [AT_FDCWD, text(PARAMETER), open.WRONLY | open.CLOEXEC, 0], {
        to: fd,
        on: [['ENOENT', 'ENOTDIR'], absent],
      }),
      sys('write', [fd, text(`${path}\n`), Buffer.byteLength(path) + 1]),
      sys('close', [fd]),
      absent,
    ],
  );
}

function say(line: string, why: string): Action {
  return action({ title: 'say so', because: rule(why) }, [
    sys('write', [1, text(`${line}\n`), Buffer.byteLength(line) + 1]),
    exit(0),
  ]);
}

export function compileSkeleton(
  work: SkeletonWork & { readonly arch: Arch; readonly summary: string },
): Program {
  const open = openFlags(work.arch);
  const pins = slot('pins', -1);
  const root = slot('skeleton', -1);
  const { place, path } = work;
  const pin: NewPin = {
    place,
    generation: work.generation,
    shown: `${path}@${work.generation}`,
    cpus: work.cpus,
  };
  const cells = createMakerCells();
  const complete = label('pinned_already');
  const inside = slot('skeleton_inside');
  const host: readonly Action[] = [
    guardKernel(),
    ...(work.enter ? [enterHost(open)] : []),
    ...lockPins(place, open, pins),
    ...(work.root === null
      ? [...assemble(work, pins, root, open), ...putInPlace(work, pins, root, open)]
      : change(work, root, open)),
    record(work, pins, open),
    tellModule(path, open),
    ...makePin(pin, pins, open, cells, complete),
    ...recordPin(pin, pins, open, cells, {
      path,
      readonly: false,
      boot: work.boot,
      treeMounts: [],
      shares: work.shares,
    }),
    action({ title: 'drop older generations that nobody holds', because: rule('the newest counts') }, [
      complete,
      ...work.stale.flatMap(file => unpin(pins, `${place.directory}/${file}`, file)),
    ]),
    say(work.summary, 'skeleton create'),
  ];
  const enter = action({ title: `open the skeleton ${path}`, because: rule('it is to be all') }, [
    sys('openat', [AT_FDCWD, text(path), open.PATH | open.DIRECTORY | open.CLOEXEC, 0], { to: inside }),
  ]);
  return {
    arch: work.arch,
    joins: false,
    tracks: [
      { name: 'host', actions: host, failed: [exitReporting(1)] },
      makerTrack(open, cells, { actions: [enter], root: inside }),
    ],
    entries: [{ entry: 'host', track: 'host' }],
    parameters: new Map(),
  };
}

/** The record is closed already. What is still inside keeps what it sees. */
export function compileSkeletonRemoval(input: {
  readonly arch: Arch;
  readonly place: PinPlace;
  readonly enter: boolean;
  readonly path: string;
  /** How many mounts of ours cover the directory. */
  readonly mounts: number;
  /** File names of the generations of its namespace. */
  readonly generations: readonly string[];
  readonly summary: string;
}): Program {
  const open = openFlags(input.arch);
  const pins = slot('pins', -1);
  const { place, path } = input;
  const kept = label('directory_kept');
  return {
    arch: input.arch,
    joins: false,
    tracks: [
      {
        name: 'host',
        actions: [
          guardKernel(),
          ...(input.enter ? [enterHost(open)] : []),
          ...lockPins(place, open, pins),
          tellModule('', open),
          action({ title: `take ${path} away`, because: rule('skeleton remove') }, [
            ...detach(path, input.mounts),
            sys('unlinkat', [AT_FDCWD, text(path), AT_REMOVEDIR], {
              on: [['ENOENT', 'ENOTEMPTY', 'EBUSY', 'EROFS', 'ENOTDIR'], kept],
            }),
            kept,
          ]),
          ...input.generations.map(name =>
            action({ title: `unpin ${name}`, because: rule('skeleton remove') }, [
              ...unpin(pins, `${place.directory}/${name}`, name),
            ]),
          ),
          action({ title: 'forget its record', because: rule('skeleton remove') }, [
            ...['json', 'closing'].flatMap(suffix => {
              const gone = label('record_gone');
              return [
                sys('unlinkat', [pins, text(`${place.file}.${suffix}`), 0], { on: [['ENOENT'], gone] }),
                gone,
              ];
            }),
          ]),
          dropEmptyPlace(place, pins),
          say(input.summary, 'skeleton remove'),
        ],

        failed: [exitReporting(1)],
      },
    ],
    entries: [{ entry: 'host', track: 'host' }],
    parameters: new Map(),
  };
}
