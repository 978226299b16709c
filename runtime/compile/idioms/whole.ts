/** read(2) and write(2) until all is read or written: a file or pipe may take or give less than asked for. */
import { errnos } from '../../../spec/errno.js';
import type { OpenFlags } from '../../../spec/kernel.js';
import { ignoring, repeat } from '../../program/control.js';
import {
  type Data,
  label,
  type Operand,
  ref,
  type Slot,
  slot,
  struct,
  text,
  u64,
} from '../../program/operand.js';
import { alu, branch, jump, type Line, move, sys } from '../../program/step.js';

/** Goes on at `unreadable` if there is more than goes into it; the slot of the size then holds -EFBIG. */
export function readWhole(
  fd: Operand,
  into: Data,
  size: Slot,
  unreadable: ReturnType<typeof label>,
): readonly Line[] {
  const at = slot('read_at');
  const left = slot('read_left');
  const count = slot('read_count');
  const again = label('read_again');
  const whole = label('read_whole');
  return [
    move(at, into),
    move(left, into.size),
    again,
    sys('read', [fd, ref(at), left], { to: count }),
    branch(count, 'EQ', 0, whole),
    alu(at, at, 'ADD', count),
    alu(left, left, 'SUB', count),
    branch(left, 'GT', 0, again),
    move(size, -errnos.EFBIG.number),
    jump(unreadable),
    whole,
    alu(size, into.size, 'SUB', left),
  ];
}

/** `from`: data, or a slot with its offset, which is moved. A descriptor that would block (somebody else set O_NONBLOCK) is waited for. */
export function writeAll(fd: Operand, from: Data | Slot, size: Operand): readonly Line[] {
  const at = slot('write_at');
  const left = slot('write_left');
  const count = slot('write_count');
  return [
    move(at, from),
    move(left, size),
    ...repeat(({ again, leave }) => [
      branch(left, 'LE', 0, leave),
      ...ignoring(['EAGAIN'], full => [
        sys('write', [fd, ref(at), left], { to: count, ...full }),
        alu(at, at, 'ADD', count),
        alu(left, left, 'SUB', count),
        jump(again),
      ]),
      sys('nanosleep', [struct('1ms', [u64(0), u64(1_000_000)], true), 0]),
    ]),
  ];
}

/** Create a file with these contents, whole or not at all: written under another name first. */
export function writeWhole(
  open: OpenFlags,
  directory: Operand,
  name: string,
  content: Data | Slot,
  size: Operand,
  mode: number,
): readonly Line[] {
  const fd = slot('new_file');
  const temporary = text(`.${name}.new`);
  return [
    sys(
      'openat',
      [directory, temporary, open.WRONLY | open.CREAT | open.TRUNC | open.NOFOLLOW | open.CLOEXEC, mode],
      {
        to: fd,
      },
    ),
    ...writeAll(fd, content, size),
    sys('close', [fd]),
    sys('renameat2', [directory, temporary, directory, text(name), 0]),
  ];
}
