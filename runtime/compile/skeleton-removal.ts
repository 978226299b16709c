/** `skeleton remove`: the record is closed already. What is still inside keeps what it sees. */
import type { PinPlace } from '../../spec/environment.js';
import type { Arch } from '../../spec/image.js';
import { AT_FDCWD, AT_REMOVEDIR, openFlags } from '../../spec/kernel.js';
import type { Program } from '../program/action.js';
import { ignoring } from '../program/control.js';
import { slot, text } from '../program/operand.js';
import { sys } from '../program/step.js';
import { guardKernel } from './container/kernel.js';
import { detach } from './idioms/detach-real.js';
import { hostProgram } from './idioms/host-program.js';
import { operation } from './idioms/operation.js';
import { rule } from './launch/launch.js';
import { dropEmptyPlace, enterHost, lockPins, printAndEnd, unpinAll } from './pins/pins.js';
import { forgetSkeleton, tellModule } from './pins/skeleton-record.js';

export interface SkeletonRemovalInput {
  readonly arch: Arch;
  readonly place: PinPlace;
  /** The caller is not in the mount namespace of process 1. */
  readonly enter: boolean;
  readonly path: string;
  /** How many mounts of ours cover the directory. */
  readonly mounts: number;
  /** File names of the generations of its namespace. */
  readonly generations: readonly string[];
  /** Printed at the end. */
  readonly summary: string;
}

export function compileSkeletonRemoval(input: SkeletonRemovalInput): Program {
  const { arch, place, path } = input;
  const open = openFlags(arch);
  const pins = slot('pins', -1);
  return hostProgram(arch, [
    guardKernel(),
    ...(input.enter ? [enterHost(open)] : []),
    ...lockPins(place, open, pins),
    tellModule(null, open),
    operation({ kind: 'remove-skeleton', path, because: rule('skeleton remove') }, [
      ...detach(path, input.mounts),
      ...ignoring(['ENOENT', 'ENOTEMPTY', 'EBUSY', 'EROFS', 'ENOTDIR'], kept => [
        sys('unlinkat', [AT_FDCWD, text(path), AT_REMOVEDIR], kept),
      ]),
    ]),
    ...unpinAll(place, pins, input.generations, 'skeleton remove'),
    forgetSkeleton(place, pins),
    dropEmptyPlace(place, pins),
    printAndEnd(input.summary, 'skeleton remove'),
  ]);
}
