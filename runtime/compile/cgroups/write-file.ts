/** A value into a file of a cgroup. */
import { AT_FDCWD } from '../../../spec/kernel.js';
import { characters, type Data, label, slot, text } from '../../program/operand.js';
import { jump, type Line, sys } from '../../program/step.js';
import type { Launch } from '../launch/launch.js';
import type { Limit } from './limits.js';

export function textBytes(value: string): Data {
  return characters(JSON.stringify(value), value);
}

/** Write a value into a file of an opened cgroup directory. */
export function writeFile(launch: Launch, directory: Data, file: string, value: string): readonly Line[] {
  const { open } = launch;
  const dir = slot('cgroup_fd');
  const fd = slot('limit_fd');
  const content = textBytes(value);
  return [
    sys('openat', [AT_FDCWD, directory, open.PATH | open.DIRECTORY | open.CLOEXEC, 0], { to: dir }),
    sys('openat', [dir, text(file), open.WRONLY | open.CLOEXEC, 0], { to: fd }),
    sys('write', [fd, content, content.size]),
    sys('close', [fd]),
    sys('close', [dir]),
  ];
}

/** The file and value that the kernel has, of two. */
export function writeEither(launch: Launch, directory: Data, limit: Limit): readonly Line[] {
  const { rather } = limit;
  if (rather === undefined) return writeFile(launch, directory, limit.file, limit.value);
  const { open } = launch;
  const dir = slot('cgroup_fd');
  const fd = slot('limit_fd');
  const missing = label('other_limit');
  const done = label('limit_set');
  const value = textBytes(rather.value);
  return [
    sys('openat', [AT_FDCWD, directory, open.PATH | open.DIRECTORY | open.CLOEXEC, 0], { to: dir }),
    sys('openat', [dir, text(rather.file), open.WRONLY | open.CLOEXEC, 0], {
      to: fd,
      on: [['ENOENT'], missing],
    }),
    sys('write', [fd, value, value.size]),
    sys('close', [fd]),
    sys('close', [dir]),
    jump(done),
    missing,
    sys('close', [dir]),
    ...writeFile(launch, directory, limit.file, limit.value),
    done,
  ];
}
