/**
 * Freezing: v1 has a controller for it (freezer.state), v2 a file in every group (cgroup.freeze, cgroup.events). On a hybrid host there are both,
 * and whoever is frozen by either does not run. Whether a container is paused is decided here, by the rules of runtime/state/frozen.ts (whose test
 * compares both).
 */
import { AT_FDCWD, type OpenFlags } from '../../../spec/kernel.js';
import { attempt, type Handled, ignoring, repeat, when } from '../../program/control.js';
import { buffer, type Data, type Slot, slot, slots, struct, text, u64 } from '../../program/operand.js';
import { alu, branch, call, type Line, load, move, scan, subroutine, sys, walk } from '../../program/step.js';
import { Frost, type FrostSensor } from './driver.js';
import { openPlace } from './open-place.js';
import { type CgroupPlan, directoryOf } from './plan.js';

/** A directory by which processes are frozen. */
export interface Freezer {
  /** Its path, an open descriptor of it, or steps that open it into `to`: below 0 if it is not there. */
  readonly place: Data | Slot | ((to: Slot) => readonly Line[]);
  readonly version: 1 | 2;
}

export interface NamedFreezer extends Freezer {
  readonly place: Data;
}

/** The one that freezes first. */
export function freezersOf(plan: CgroupPlan): readonly NamedFreezer[] {
  const v1 = directoryOf(plan, 'freezer');
  const v2 = plan.directories.filter(d => d.version === 2);
  return [...(v1?.version === 1 ? [v1] : []), ...v2].map(d => ({ place: d.memory, version: d.version }));
}

export const pause1ms: Line = sys('nanosleep', [struct('1ms', [u64(0), u64(1_000_000)], true), 0]);

interface Reading {
  readonly fd: Slot;
  readonly value: Data;
  readonly size: Slot;
}

/** The beginning of a file; `then` only if there is one, and it has not gone while it was read (ENODEV). */
function withText(
  open: OpenFlags,
  dir: Slot,
  file: string,
  { fd, value, size }: Reading,
  then: readonly Line[],
): readonly Line[] {
  return [
    move(size, 0),
    ...ignoring(['ENOENT', 'ENODEV'], absent => [
      sys('openat', [dir, text(file), open.RDONLY | open.CLOEXEC, 0], { to: fd, ...absent }),
      ...ignoring(['ENODEV'], gone => [sys('read', [fd, value, 63], { to: size, ...gone })]),
      sys('close', [fd]),
    ]),
    ...when(size, 'GT', 1, then),
  ];
}

/** THAWED, FREEZING or FROZEN; that of a group above counts. */
function lookV1(open: OpenFlags, dir: Slot, reading: Reading, frost: Slot): readonly Line[] {
  const letter = slot('frost_letter');
  return withText(open, dir, 'freezer.state', reading, [
    load(letter, 'U8', reading.value, 2),
    ...when(letter, 'EQ', 'O'.charCodeAt(0), [move(frost, Frost.FROZEN)]),
    ...when(letter, 'EQ', 'E'.charCodeAt(0), [move(frost, Frost.FREEZING)]),
  ]);
}

/** What is asked for, and then "populated N", "frozen N": the second knows of the groups above. */
function lookV2(open: OpenFlags, dir: Slot, reading: Reading, frost: Slot): readonly Line[] {
  const digit = slot('frost_digit');
  const at = slots('frost_at', 2);
  const { value: content, size: length } = reading;
  return [
    ...withText(open, dir, 'cgroup.freeze', reading, [
      load(digit, 'U8', content),
      ...when(digit, 'EQ', '1'.charCodeAt(0), when(frost, 'NE', Frost.FROZEN, [move(frost, Frost.FREEZING)])),
    ]),
    ...withText(
      open,
      dir,
      'cgroup.events',
      reading,
      ignoring(['ENOENT', 'EINVAL', 'ERANGE'], nonsense => [
        scan('SKIP', { buffer: content, length, byte: 0x20, count: 2 }, { to: at, ...nonsense }),
        scan('NUMBER', { buffer: content, length, start: at }, { to: at, ...nonsense }),
        ...when(at, 'NE', 0, [move(frost, Frost.FROZEN)]),
      ]),
    ),
  ];
}

export function frostSensor(open: OpenFlags, freezers: readonly Freezer[]): FrostSensor {
  const frost = slot('frost');
  const opened = slot('frost_dir');
  const reading = { fd: slot('frost_fd'), value: buffer('frost_text', 64), size: slot('frost_size') };
  const lines = freezers.flatMap(({ place, version }): readonly Line[] => {
    const look = version === 1 ? lookV1 : lookV2;
    if (typeof place === 'object' && place.kind === 'slot') return look(open, place, reading, frost);
    const looked = [...look(open, opened, reading, frost), sys('close', [opened])];
    return typeof place === 'function'
      ? [...place(opened), ...when(opened, 'GE', 0, looked)]
      : ignoring(['ENOENT'], gone => [openPlace(open, place, opened, gone), ...looked]);
  });
  return { see: subroutine('see_frost', [move(frost, Frost.THAWED), ...lines]), frost };
}

/** Write into the file of one freezer, whose directory may be `missing`. */
function write(
  open: OpenFlags,
  freezer: NamedFreezer,
  [v1, v2]: readonly [string, string],
  missing: Handled,
): readonly Line[] {
  const dir = slot('freezer_dir');
  const fd = slot('freezer_fd');
  const [file, value] = freezer.version === 1 ? ['freezer.state', v1] : ['cgroup.freeze', v2];
  return [
    openPlace(open, freezer.place, dir, missing),
    sys('openat', [dir, text(file), open.WRONLY | open.CLOEXEC, 0], { to: fd }),
    sys('write', [fd, text(value), value.length]),
    sys('close', [fd]),
    sys('close', [dir]),
  ];
}

/** Ask for it by the first of the directories that is there; `otherwise`: there is none. */
export function freeze(
  open: OpenFlags,
  freezers: readonly NamedFreezer[],
  otherwise: readonly Line[],
): readonly Line[] {
  return freezers.reduceRight(
    (rest, one) => attempt(['ENOENT'], missing => write(open, one, ['FROZEN', '1'], missing), rest),
    otherwise,
  );
}

/** Wait for that many milliseconds until it is complete. Each look drives v1 on. */
export function untilFrozen({ see, frost }: FrostSensor, milliseconds: number): readonly Line[] {
  const tries = slot('frost_tries');
  return [
    move(tries, 0),
    ...repeat(({ leave }) => [
      call(see),
      branch(frost, 'EQ', Frost.FROZEN, leave),
      pause1ms,
      alu(tries, tries, 'ADD', 1),
      branch(tries, 'GE', milliseconds, leave),
    ]),
  ];
}

/** Thaw the container's own directories. */
export function thaw(open: OpenFlags, freezers: readonly NamedFreezer[]): readonly Line[] {
  return freezers.flatMap(one => ignoring(['ENOENT'], missing => write(open, one, ['THAWED', '0'], missing)));
}

/** Thaw those below, too: on v1 a frozen process does not die. */
export function thawAll(freezers: readonly NamedFreezer[]): readonly Line[] {
  return freezers.map(({ place }) => walk('THAW_CGROUP', [AT_FDCWD, place, 0, 0]));
}
