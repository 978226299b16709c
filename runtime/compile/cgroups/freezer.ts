/**
 * Freezing: v1 has a controller for it (freezer.state), v2 a file in every group (cgroup.freeze, cgroup.events). On a hybrid host there are both,
 * and whoever is frozen by either does not run. Whether a container is paused is decided here, by the rules of runtime/state/frozen.ts (whose test
 * compares both).
 */
import { AT_FDCWD, type OpenFlags } from '../../../spec/kernel.js';
import {
  buffer,
  type Data,
  type Label,
  label,
  type Slot,
  slot,
  slots,
  struct,
  text,
  u64,
} from '../../program/operand.js';
import {
  alu,
  branch,
  call,
  jump,
  type Line,
  load,
  move,
  scan,
  subroutine,
  sys,
  walk,
} from '../../program/step.js';
import { Frost, type FrostSensor } from './driver.js';
import { type CgroupPlan, directoryOf } from './plan.js';

/** A directory by which processes are frozen. */
export interface Freezer {
  /** Its path, an open descriptor of it, or steps that open it into `to`, or go on at `absent`. */
  readonly place: Data | Slot | ((to: Slot, absent: Label) => readonly Line[]);
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

/** The beginning of a file into `value`, and on at `absent` if it is not there, or not any more (ENODEV). */
function readText(
  open: OpenFlags,
  dir: Slot,
  file: string,
  into: { readonly fd: Slot; readonly value: Data; readonly size: Slot },
  absent: Label,
): readonly Line[] {
  const { fd, value, size } = into;
  return [
    sys('openat', [dir, text(file), open.RDONLY | open.CLOEXEC, 0], {
      to: fd,
      on: [['ENOENT', 'ENODEV'], absent],
    }),
    move(size, 0),
    sys('read', [fd, value, 63], { to: size, on: [['ENODEV'], absent] }),
    sys('close', [fd]),
    branch(size, 'LE', 1, absent),
  ];
}

export function frostSensor(open: OpenFlags, freezers: readonly Freezer[]): FrostSensor {
  const frost = slot('frost');
  const opened = slot('frost_dir');
  const value = buffer('frost_text', 64);
  const size = slot('frost_size');
  const into = { fd: slot('frost_fd'), value, size };
  const byte = slot('frost_byte');
  const at = slots('frost_at', 2);
  const lines: Line[] = [move(frost, Frost.THAWED)];
  for (const { place, version } of freezers) {
    const isOpen = typeof place !== 'function' && place.kind === 'slot';
    const dir = isOpen ? place : opened;
    const none = label('frost_none');
    const next = label('frost_next');
    const events = label('frost_events');
    const frozen = label('frost_frozen');
    if (typeof place === 'function') lines.push(...place(dir, next));
    else if (!isOpen)
      lines.push(
        sys('openat', [AT_FDCWD, place, open.PATH | open.DIRECTORY | open.CLOEXEC, 0], {
          to: dir,
          on: [['ENOENT'], next],
        }),
      );
    if (version === 1)
      lines.push(
        // THAWED, FREEZING or FROZEN; that of a group above counts.
        ...readText(open, dir, 'freezer.state', into, none),
        load(byte, 'U8', value, 2),
        branch(byte, 'EQ', 'O'.charCodeAt(0), frozen),
        branch(byte, 'NE', 'E'.charCodeAt(0), none),
        move(frost, Frost.FREEZING),
        jump(none),
      );
    else
      lines.push(
        ...readText(open, dir, 'cgroup.freeze', into, events),
        load(byte, 'U8', value),
        branch(byte, 'NE', '1'.charCodeAt(0), events),
        branch(frost, 'EQ', Frost.FROZEN, events),
        move(frost, Frost.FREEZING),
        events,
        // "populated N", "frozen N": this one knows of the groups above.
        ...readText(open, dir, 'cgroup.events', into, none),
        scan(
          'SKIP',
          { buffer: value, length: size, byte: 0x20, count: 2 },
          { to: at, on: [['ENOENT'], none] },
        ),
        scan(
          'NUMBER',
          { buffer: value, length: size, start: at },
          { to: at, on: [['EINVAL', 'ERANGE'], none] },
        ),
        branch(at, 'EQ', 0, none),
      );
    lines.push(frozen, move(frost, Frost.FROZEN), none, ...(isOpen ? [] : [sys('close', [dir])]), next);
  }
  return { see: subroutine('see_frost', lines), frost };
}

/** Write into the file of one freezer; on at `missing` if its directory is not there. */
function write(
  open: OpenFlags,
  freezer: NamedFreezer,
  values: readonly [string, string],
  missing: Label,
): readonly Line[] {
  const dir = slot('freezer_dir');
  const fd = slot('freezer_fd');
  const [v1, v2] = values;
  const [file, value] = freezer.version === 1 ? ['freezer.state', v1] : ['cgroup.freeze', v2];
  return [
    sys('openat', [AT_FDCWD, freezer.place, open.PATH | open.DIRECTORY | open.CLOEXEC, 0], {
      to: dir,
      on: [['ENOENT'], missing],
    }),
    sys('openat', [dir, text(file), open.WRONLY | open.CLOEXEC, 0], { to: fd }),
    sys('write', [fd, text(value), value.length]),
    sys('close', [fd]),
    sys('close', [dir]),
  ];
}

/** Ask for it by the first of the directories that is there; on at `none` if there is none. */
export function freeze(open: OpenFlags, freezers: readonly NamedFreezer[], none: Label): readonly Line[] {
  const asked = label('freezing_asked_for');
  return [
    ...freezers.flatMap(f => {
      const next = label('next_freezer');
      return [...write(open, f, ['FROZEN', '1'], next), jump(asked), next];
    }),
    jump(none),
    asked,
  ];
}

/** Wait for that many milliseconds until it is complete. Each look drives v1 on. */
export function untilFrozen({ see, frost }: FrostSensor, milliseconds: number): readonly Line[] {
  const again = label('frost_again');
  const frozen = label('frost_complete');
  const tries = slot('frost_tries');
  return [
    move(tries, 0),
    again,
    call(see),
    branch(frost, 'EQ', Frost.FROZEN, frozen),
    pause1ms,
    alu(tries, tries, 'ADD', 1),
    branch(tries, 'LT', milliseconds, again),
    frozen,
  ];
}

/** Thaw the container's own directories. */
export function thaw(open: OpenFlags, freezers: readonly NamedFreezer[]): readonly Line[] {
  return freezers.flatMap(f => {
    const next = label('next_freezer');
    return [...write(open, f, ['THAWED', '0'], next), next];
  });
}

/** Thaw those below, too: on v1 a frozen process does not die. */
export function thawAll(freezers: readonly NamedFreezer[]): readonly Line[] {
  return freezers.map(({ place }) => walk('THAW_CGROUP', [AT_FDCWD, place, 0, 0]));
}
