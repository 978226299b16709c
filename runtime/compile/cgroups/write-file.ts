/** A value into a file of a cgroup. */
import { attempt } from '../../program/control.js';
import { characters, type Data, slot, text } from '../../program/operand.js';
import { type Line, type Outcome, sys } from '../../program/step.js';
import type { Launch } from '../launch/launch.js';
import type { Limit } from './limits.js';
import { openPlace } from './open-place.js';

export function textBytes(value: string): Data {
  return characters(JSON.stringify(value), value);
}

/** Where the run goes on if the file is not there, or does not take the value. */
export interface WriteOutcomes {
  readonly missing?: Outcome;
  readonly refused?: Outcome;
}

/** Write a value into a file of a cgroup. */
export function writeFile(
  { open }: Launch,
  directory: Data,
  file: string,
  value: string,
  { missing = {}, refused = {} }: WriteOutcomes = {},
): readonly Line[] {
  const dir = slot('cgroup_fd');
  const fd = slot('limit_fd');
  const content = textBytes(value);
  return [
    openPlace(open, directory, dir),
    sys('openat', [dir, text(file), open.WRONLY | open.CLOEXEC, 0], { ...missing, to: fd }),
    sys('write', [fd, content, content.size], refused),
    sys('close', [fd]),
    sys('close', [dir]),
  ];
}

/** The file and value that the kernel has, of two. */
export function writeEither(
  launch: Launch,
  directory: Data,
  limit: Limit,
  outcomes: WriteOutcomes = {},
): readonly Line[] {
  const { rather, file, value } = limit;
  if (rather === undefined) return writeFile(launch, directory, file, value, outcomes);
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
        sys('write', [fd, content, content.size], outcomes.refused),
        sys('close', [fd]),
        sys('close', [dir]),
      ],
      [sys('close', [dir]), ...writeFile(launch, directory, file, value, outcomes)],
    ),
  ];
}
