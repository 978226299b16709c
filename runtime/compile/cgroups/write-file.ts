/** A value into a file of a cgroup. */
import { attempt } from '../../program/control.js';
import { characters, type Data, slot, text } from '../../program/operand.js';
import { type Line, sys } from '../../program/step.js';
import type { Launch } from '../launch/launch.js';
import type { Limit } from './limits.js';
import { openPlace } from './open-place.js';

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
    openPlace(open, directory, dir),
    sys('openat', [dir, text(file), open.WRONLY | open.CLOEXEC, 0], { to: fd }),
    sys('write', [fd, content, content.size]),
    sys('close', [fd]),
    sys('close', [dir]),
  ];
}

/** The file and value that the kernel has, of two. */
export function writeEither(launch: Launch, directory: Data, limit: Limit): readonly Line[] {
  const { rather, file, value } = limit;
  if (rather === undefined) return writeFile(launch, directory, file, value);
  const { open } = launch;
  const dir = slot('cgroup_fd');
  const fd = slot('limit_fd');
  const content = textBytes(rather.value);
  return [
    openPlace(open, directory, dir),
    ...attempt(
      ['ENOENT'],
      missing => [
        sys('openat', [dir, text(rather.file), open.WRONLY | open.CLOEXEC, 0], { to: fd, ...missing }),
        sys('write', [fd, content, content.size]),
        sys('close', [fd]),
        sys('close', [dir]),
      ],
      [sys('close', [dir]), ...writeFile(launch, directory, file, value)],
    ),
  ];
}
