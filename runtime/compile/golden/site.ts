/** Cases of what is done once for a machine and not for a container: work.json holds what the command found out. */
import type { Preparation, SkeletonWork } from '../../../spec/environment.js';
import type { Arch } from '../../../spec/image.js';
import { unreachable } from '../../../spec/unreachable.js';
import type { Program } from '../../program/action.js';
import { compileDrain, type DrainInput } from '../drain.js';
import { compileEntry, type EntryView } from '../entry.js';
import { compilePrepare } from '../prepare.js';
import { compileRelease } from '../release.js';
import { compileSkeleton } from '../skeleton.js';
import { compileSkeletonRemoval } from '../skeleton-removal.js';

type Input<Compile extends (input: never) => Program> = Omit<Parameters<Compile>[0], 'arch'>;

export type Work =
  | ({ readonly kind: 'prepare' } & Preparation)
  | ({ readonly kind: 'release' } & Input<typeof compileRelease>)
  | ({ readonly kind: 'drain' } & Omit<DrainInput, 'arch'>)
  | ({ readonly kind: 'skeleton'; readonly summary: string } & SkeletonWork)
  | ({ readonly kind: 'skeleton-removal' } & Input<typeof compileSkeletonRemoval>)
  | { readonly kind: 'entry'; readonly view: EntryView };

const arch: Arch = 'x86_64';

export function compileWork(work: Work): Program {
  switch (work.kind) {
    case 'prepare':
      return compilePrepare({ ...work, arch });
    case 'release':
      return compileRelease({ ...work, arch });
    case 'drain':
      return compileDrain({ ...work, arch });
    case 'skeleton':
      return compileSkeleton({ ...work, arch });
    case 'skeleton-removal':
      return compileSkeletonRemoval({ ...work, arch });
    case 'entry':
      return compileEntry({ ...work.view, arch });
    default:
      return unreachable(work);
  }
}
