/** `copy-symlink` of a bind (crun(1)): where the source is a symbolic link, the container gets one with the same target in the place of a mount. */
import { errnos } from '../../../spec/errno.js';
import { S_IFLNK, S_IFMT } from '../../../spec/kernel.js';
import { attempt, when } from '../../program/control.js';
import { buffer, cell, ref, type Slot, slot, slots, text } from '../../program/operand.js';
import { alu, fail, guard, type Line, scan, store, sys } from '../../program/step.js';
import type { Places } from './destination.js';
import type { PlannedBind } from './planned.js';

/** PATH_MAX: no link is longer. */
const MOST = 4096;

/** `source`: the link itself or something else, opened; `mode`: what it is. `otherwise`: it is no link. What is at the destination already must be the same link. */
export function copyLinkOr(
  places: Places,
  { does, entry }: PlannedBind,
  source: Slot,
  mode: Slot,
  otherwise: readonly Line[],
): readonly Line[] {
  if (entry.links.source !== 'copied') return otherwise;
  const type = slot('source_type');
  const parent = slots('link_directory', 2);
  const name = ref(cell(parent, 1));
  const target = buffer('link_target', MOST + 1);
  const there = buffer('link_there', MOST + 1);
  const length = slot('link_length');
  const other = slot('link_there_length');
  const same = slots('link_same', 2);
  return [
    alu(type, mode, 'AND', S_IFMT),
    ...when(
      type,
      'EQ',
      S_IFLNK,
      [
        sys('readlinkat', [source, text(''), target, MOST], { to: length }),
        store('U8', target, length, 0),
        ...places.open({ path: entry.place, parent: true, make: 'directories' }, parent, does),
        ...attempt(['EEXIST'], exists => [sys('symlinkat', [target, parent, name], exists)], [
          ...attempt(
            ['EINVAL'],
            noLink => [sys('readlinkat', [parent, name, there, MOST], { to: other, ...noLink })],
            [fail(errnos.EEXIST.number)],
          ),
          guard(other, 'EQ', length, errnos.EEXIST.number),
          scan('EQUAL', { buffer: target, length, start: there }, { to: same }),
          guard(same, 'EQ', 1, errnos.EEXIST.number),
        ]),
        sys('close', [parent]),
        sys('close', [source]),
      ],
      otherwise,
    ),
  ];
}
