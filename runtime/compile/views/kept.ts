/** What was seen by a program itself, and is to be the same later on: of that the compiler knows nothing. */
import { STATX_BASIC_STATS, Statx } from '../../../spec/kernel.js';
import { type Operand, type Slot, slot } from '../../program/operand.js';
import { guard, type Line, load, sys } from '../../program/step.js';
import type { Look } from './open-pin.js';

const directory = [
  ['inode', 'U64', Statx.INO],
  ['major', 'U32', Statx.DEV_MAJOR],
  ['minor', 'U32', Statx.DEV_MINOR],
] as const;
/** struct statx: stx_mtime */
const file = [...directory, ['seconds', 'U64', 112], ['nanoseconds', 'U32', 120]] as const;

export interface Kept {
  readonly look: readonly Line[];
  /** The same once more, maybe from elsewhere: fails with `errno` if it is another. */
  again(place: Place, errno: number): readonly Line[];
}

/** As statx(2) takes it. */
export type Place = readonly [parent: Operand, path: Operand, flags: number];

/** A file counts as another if it was written since. */
export function keep(name: string, what: 'directory' | 'file', look: Look, place: Place): Kept {
  const cells: readonly (readonly [Slot, 'U32' | 'U64', number])[] = (
    what === 'directory' ? directory : file
  ).map(([part, width, at]) => [slot(`${name}_${part}`), width, at]);
  const see = ([parent, path, flags]: Place): Line =>
    sys('statx', [parent, path, flags, STATX_BASIC_STATS, look.stat]);
  return {
    look: [see(place), ...cells.map(([cell, width, at]) => load(cell, width, look.stat, at))],
    again: (other, errno) => [
      see(other),
      ...cells.flatMap(([cell, width, at]) => [
        load(look.value, width, look.stat, at),
        guard(look.value, 'EQ', cell, errno),
      ]),
    ],
  };
}
