/** `tree release`: the launch program that unpins generations which were closed before. */
import type { PinPlace } from '../../spec/environment.js';
import type { Arch } from '../../spec/image.js';
import { openFlags } from '../../spec/kernel.js';
import type { Program } from '../program/action.js';
import { slot } from '../program/operand.js';
import { guardKernel } from './container/kernel.js';
import { hostProgram } from './idioms/host-program.js';
import { dropEmptyPlace, enterHost, lockPins, printAndEnd, unpinAll } from './pins/pins.js';

export interface ReleaseInput {
  readonly arch: Arch;
  readonly place: PinPlace;
  /** The caller is not in the mount namespace of process 1. */
  readonly enter: boolean;
  /** File names, e.g. `debian12@7`. */
  readonly generations: readonly string[];
  /** Printed at the end. */
  readonly summary: string;
}

export function compileRelease({ arch, place, enter, generations, summary }: ReleaseInput): Program {
  const open = openFlags(arch);
  const pins = slot('pins', -1);
  return hostProgram(arch, [
    guardKernel(),
    ...(enter ? [enterHost(open)] : []),
    ...lockPins(place, open, pins),
    ...unpinAll(place, pins, generations, 'tree release'),
    dropEmptyPlace(place, pins),
    printAndEnd(summary, 'tree release'),
  ]);
}
