import { AT_FDCWD } from '../../../spec/kernel.js';
import { buffer, type Data, type Label, label, slot, text } from '../../program/operand.js';
import { branch, type Line, load, move, sys } from '../../program/step.js';
import { directoryOf } from '../cgroups/plan.js';

import { type Context, Status } from './context.js';

export function freezerOf(
  c: Context,
):
  | { readonly path: Data; readonly file: string; readonly frozen: string; readonly thawed: string }
  | undefined {
  const v1 = directoryOf(c.plan, 'freezer');
  if (v1 && v1.version === 1)
    return { path: v1.memory, file: 'freezer.state', frozen: 'FROZEN', thawed: 'THAWED' };
  const v2 = c.plan.directories.find(d => d.version === 2);
  return v2 ? { path: v2.memory, file: 'cgroup.freeze', frozen: '1', thawed: '0' } : undefined;
}

export function frozen(c: Context, known: Label): readonly Line[] {
  const freezer = freezerOf(c);
  if (!freezer) return [];
  const { open } = c.launch;
  const dir = slot('freezer_dir');
  const fd = slot('freezer_fd');
  const first = slot('freezer_first');
  const value = buffer('freezer_value', 64);
  return [
    sys('openat', [AT_FDCWD, freezer.path, open.PATH | open.DIRECTORY | open.CLOEXEC, 0], {
      to: dir,
      on: [['ENOENT'], known],
    }),
    sys('openat', [dir, text(freezer.file), open.RDONLY | open.CLOEXEC, 0], {
      to: fd,
      on: [['ENOENT'], known],
    }),
    sys('read', [fd, value, 63]),
    load(first, 'U8', value),
    branch(first, 'EQ', freezer.thawed.charCodeAt(0), known),
    move(c.status, Status.PAUSED),
  ];
}

export function setFreezer(
  c: Context,
  freezer: NonNullable<ReturnType<typeof freezerOf>>,
  value: string,
  none: Label,
): readonly Line[] {
  const { open } = c.launch;
  const dir = slot('freezer_dir');
  const fd = slot('freezer_fd');
  return [
    sys('openat', [AT_FDCWD, freezer.path, open.PATH | open.DIRECTORY | open.CLOEXEC, 0], {
      to: dir,
      on: [['ENOENT'], none],
    }),
    sys('openat', [dir, text(freezer.file), open.WRONLY | open.CLOEXEC, 0], {
      to: fd,
      on: [['ENOENT'], none],
    }),
    sys('write', [fd, text(value), value.length]),
    sys('close', [fd]),
    sys('close', [dir]),
  ];
}

/** A frozen process does not die: the freezer is opened first. */
export function thaw(c: Context): readonly Line[] {
  const freezer = freezerOf(c);
  if (!freezer) return [];
  const none = label('no_freezer');
  return [branch(c.status, 'NE', Status.PAUSED, none), ...setFreezer(c, freezer, freezer.thawed, none), none];
}
