/** `spec`: a file where the caller is, written by the engine, which is the caller: a service that compiles has no other part in it. */

import { errnos } from '../../spec/errno.js';
import type { Arch } from '../../spec/image.js';
import { AT_FDCWD, openFlags } from '../../spec/kernel.js';
import type { Program } from '../program/action.js';
import { ignoring, when } from '../program/control.js';
import { characters, slot, text } from '../program/operand.js';
import { exit, fail, sys } from '../program/step.js';
import { hostProgram } from './idioms/host-program.js';
import { operation } from './idioms/operation.js';
import { writeAll } from './idioms/whole.js';
import { rule } from './launch/launch.js';

export interface SpecFileInput {
  readonly arch: Arch;
  /** From the caller's directory, which need not have a name. */
  readonly path: string;
  readonly content: string;
}

export function compileSpecFile({ arch, path, content }: SpecFileInput): Program {
  const open = openFlags(arch);
  const fd = slot('spec_file', -1);
  const because = rule('spec');
  const flags = open.WRONLY | open.CREAT | open.EXCL | open.CLOEXEC;
  const words = characters('config.json', content);
  return hostProgram(arch, [
    operation(
      { kind: 'create-file', path, because },
      ignoring(['EEXIST'], taken => [
        sys('openat', [AT_FDCWD, text(path), flags, 0o644], { to: fd, ...taken }),
      ]),
    ),
    operation(
      { kind: 'refuse-existing-file', path, because },
      when(fd, 'LT', 0, [fail(errnos.EEXIST.number)]),
      {
        // Half a file would be in the way of the next try.
        undo: [sys('unlinkat', [AT_FDCWD, text(path), 0])],
      },
    ),
    operation({ kind: 'write-file', path, because }, [
      ...writeAll(fd, words, words.size),
      sys('close', [fd]),
      exit(0),
    ]),
  ]);
}
