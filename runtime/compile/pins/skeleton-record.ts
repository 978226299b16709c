/** What is written down of the skeleton, and what the kernel module is told of it. */
import { type PinPlace, PUBLIC, type SkeletonWork } from '../../../spec/environment.js';
import { AT_FDCWD, AT_REMOVEDIR, type OpenFlags, STATX_BASIC_STATS, Statx } from '../../../spec/kernel.js';
import { skeletonTemplate } from '../../../spec/records/skeleton.js';
import type { Action } from '../../program/action.js';
import { ignoring } from '../../program/control.js';
import { buffer, field, type Slot, slot, templateBound, text } from '../../program/operand.js';
import { format, load, sys } from '../../program/step.js';
import { removeFile } from '../idioms/entries.js';
import { operation } from '../idioms/operation.js';
import { writeWhole } from '../idioms/whole.js';
import { rule } from '../launch/launch.js';
import { lookAtHost } from './pin-record.js';
import { publish } from './publish.js';

/** module_param of kmod/chos/enter.c: to where it moves those who choose a tree by a write. */
const PARAMETER = '/sys/module/chos/parameters/skeleton';

/** Launches lock the record on their way in, and insist on the very one that they were compiled for. */
export function recordSkeleton(work: SkeletonWork, pins: Slot, open: OpenFlags): Action {
  const { path, place } = work;
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
  return operation({ kind: 'record-skeleton', path, because: rule('launches check it') }, [
    sys('statx', [AT_FDCWD, text(path), 0, STATX_BASIC_STATS, stat]),
    load(cells.rootMajor, 'U32', stat, Statx.DEV_MAJOR),
    load(cells.rootMinor, 'U32', stat, Statx.DEV_MINOR),
    load(cells.rootInode, 'U64', stat, Statx.INO),
    ...host.look,
    format(content, template, { to: size }),
    ...writeWhole(open, pins, `${place.file}.json`, content, size, 0o600),
    ...removeFile(pins, text(`${place.file}.closing`)),
    ...publish(`${place.file}.json`, content, size, open),
    ...removeFile(AT_FDCWD, text(`${PUBLIC}/${place.file}.closing`)),
  ]);
}

const suffixes = ['json', 'closing'];

export function forgetSkeleton({ file }: PinPlace, pins: Slot): Action {
  return operation({ kind: 'forget-skeleton', because: rule('skeleton remove') }, [
    ...suffixes.flatMap(suffix => removeFile(AT_FDCWD, text(`${PUBLIC}/${file}.${suffix}`))),
    ...ignoring(['ENOENT', 'ENOTEMPTY'], kept => [
      sys('unlinkat', [AT_FDCWD, text(PUBLIC), AT_REMOVEDIR], kept),
    ]),
    ...suffixes.flatMap(suffix => removeFile(pins, text(`${file}.${suffix}`))),
  ]);
}

/** null: it is to let go of what it was told before. */
export function tellModule(path: string | null, open: OpenFlags): Action {
  const fd = slot('parameter_fd');
  const line = `${path ?? ''}\n`;
  return operation(
    {
      kind: 'tell-module',
      ...(path === null ? {} : { path }),
      parameter: PARAMETER,
      because: rule('choosing a tree by /proc/chos/setchos'),
    },
    ignoring(['ENOENT', 'ENOTDIR'], notLoaded => [
      sys('openat', [AT_FDCWD, text(PARAMETER), open.WRONLY | open.CLOEXEC, 0], { to: fd, ...notLoaded }),
      sys('write', [fd, text(line), Buffer.byteLength(line)]),
      sys('close', [fd]),
    ]),
  );
}
