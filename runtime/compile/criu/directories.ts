/** Where the images and CRIU's log are. Whether others could have written there was judged before; CRIU gets descriptors and looks up no path of ours. */
import { logFiles } from '../../../spec/criu.js';
import { AT_FDCWD, type OpenFlags } from '../../../spec/kernel.js';
import { type Action, rule } from '../../program/action.js';
import { type Slot, slot, text } from '../../program/operand.js';
import { sys } from '../../program/step.js';
import { operation } from '../idioms/operation.js';
import type { CriuAsked, Directories } from './options.js';
import type { Task } from './worker.js';

export function openDirectories(
  open: OpenFlags,
  { images, work }: CriuAsked,
  task: Task,
): { readonly actions: readonly Action[]; readonly directories: Directories } {
  const directories = { images: slot('images', -1), work: slot('work', -1), log: logFiles[task] };
  const opened = (path: string, to: Slot) => [
    sys('openat', [AT_FDCWD, text(path), open.RDONLY | open.DIRECTORY | open.CLOEXEC, 0], { to }),
  ];
  return {
    directories,
    actions: [
      operation(
        { kind: 'open-image-directory', path: images, because: rule('--image-path') },
        opened(images, directories.images),
      ),
      operation(
        { kind: 'open-work-directory', path: work, because: rule('--work-path') },
        opened(work, directories.work),
      ),
    ],
  };
}
