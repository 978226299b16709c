/** What users may know of what is pinned: files beside the pins. */
import { PUBLIC } from '../../../spec/environment.js';
import { AT_FDCWD, type OpenFlags } from '../../../spec/kernel.js';
import { type Data, type Operand, slot, text } from '../../program/operand.js';
import { type Line, sys } from '../../program/step.js';
import { makeDirectory } from '../idioms/entries.js';
import { writeWhole } from '../idioms/whole.js';

/** For users, who can read nothing of root's, and whose locks keep nobody waiting here. Modes are meant literally: chmod(2) would follow a link that somebody has put there. */
export function publish(name: string, content: Data, size: Operand, open: OpenFlags): readonly Line[] {
  const records = slot('public_records', -1);
  const mask = slot('public_umask');
  const directory = open.RDONLY | open.DIRECTORY | open.NOFOLLOW | open.CLOEXEC;
  return [
    sys('umask', [0], { to: mask }),
    ...makeDirectory(AT_FDCWD, PUBLIC, 0o755),
    sys('openat', [AT_FDCWD, text(PUBLIC), directory, 0], { to: records }),
    ...writeWhole(open, records, name, content, size, 0o644),
    sys('umask', [mask]),
    sys('close', [records]),
  ];
}

/** What a generation is, for other machines: the boot of this one, as numbers are given out for one, and the digest of the tree where it is known (runtime/pam/login). */
export const identityLine = (boot: string, digest: string | undefined): string =>
  `${[boot, ...(digest === undefined ? [] : [digest])].join(' ')}\n`;
