/** What limits held before they are changed, and the way back to it. */
import type { ErrnoName } from '../../../spec/errno.js';
import { type Handled, ignoring, repeat, when } from '../../program/control.js';
import { buffer, type Data, type Operand, ref, type Slot, slot, slots, text } from '../../program/operand.js';
import { alu, jump, type Line, move, scan, sys } from '../../program/step.js';
import type { Launch } from '../launch/launch.js';
import type { PlacedLimit } from './limit-groups.js';
import { openPlace } from './open-place.js';
import { textBytes, writeFile } from './write-file.js';

/** Bytes: a list of 8,192 CPUs in its longest form, hundreds of devices, numbers. */
const roomFor = (file: string, entry: Entry | null): number =>
  file.startsWith('cpuset.') ? 65536 : entry === null ? 4096 : 32768;

export interface SavedLimit {
  /** Reads it. */
  readonly save: readonly Line[];
  /** Writes it again, as far as the kernel takes it: what it refuses depends on another limit, which may not be back yet. */
  readonly restore: readonly Line[];
}

/** Not there, or only to be written (cgroup.kill), or of no use to read. */
const unread: readonly ErrnoName[] = ['ENOENT', 'EACCES', 'EINVAL', 'EOPNOTSUPP', 'ENODEV'];
const untaken: readonly ErrnoName[] = [...unread, 'EPERM', 'EBUSY', 'ERANGE', 'ENOSPC'];

/** Files with a line for each device, or with one for all the others (io.weight): the word by which the line is found, and what takes it away. */
interface Entry {
  readonly key: string;
  readonly none: string | null;
}

function entryOf(file: string, value: string): Entry | null {
  if (/^io(\.bfq)?\.weight$/.test(file) && !value.includes(' ')) return { key: 'default ', none: null };
  const [key = ''] = /^\d+:\d+ /.exec(value) ?? [];
  if (file === 'net_prio.ifpriomap' || file === 'rdma.max')
    return { key: `${value.split(' ', 1)[0]} `, none: null };
  if (key === '') return null;
  if (file === 'io.max')
    return { key, none: ['rbps', 'wbps', 'riops', 'wiops'].map(k => `${k}=max`).join(' ') };
  if (file.startsWith('blkio.throttle.')) return { key, none: '0' };
  return { key, none: file.includes('weight') ? 'default' : null };
}

/** So that a key can be compared with the last line. */
const SLACK = 256;

interface Held {
  readonly content: Data;
  /** 0: there is nothing to go back to. */
  readonly size: Slot;
}

function read(launch: Launch, directory: Data, file: string, { content, size }: Held): readonly Line[] {
  const { open } = launch;
  const dir = slot('saved_dir');
  const fd = slot('saved_fd');
  return ignoring(unread, none => [
    openPlace(open, directory, dir, none),
    sys('openat', [dir, text(file), open.RDONLY | open.CLOEXEC, 0], { to: fd, ...none }),
    sys('close', [dir]),
    sys('read', [fd, content, content.size - SLACK], { to: size, ...none }),
    sys('close', [fd]),
  ]);
}

/** `bytes` at `from` into the file. */
function writeBack(
  launch: Launch,
  directory: Data,
  file: string,
  [from, bytes]: readonly [Operand, Operand],
  refused: Handled,
): readonly Line[] {
  const { open } = launch;
  const dir = slot('saved_dir');
  const fd = slot('saved_fd');
  return [
    openPlace(open, directory, dir, refused),
    sys('openat', [dir, text(file), open.WRONLY | open.CLOEXEC, 0], { to: fd, ...refused }),
    sys('close', [dir]),
    sys('write', [fd, from, bytes], refused),
    sys('close', [fd]),
  ];
}

/** The line of one entry; where there was none, what takes away the one that was written. */
function writeEntry(
  launch: Launch,
  directory: Data,
  file: string,
  { content, size }: Held,
  { key, none }: Entry,
): readonly Line[] {
  const wanted = textBytes(key);
  const line = slots('saved_line', 2);
  const end = slots('saved_end', 2);
  const same = slots('saved_same', 2);
  const found = slot('saved_found');
  const length = slot('saved_length');
  return [
    move(line, 0),
    move(found, 0),
    ...repeat(({ leave }) => [
      scan(
        'FIND',
        { buffer: content, length: size, start: line, byte: 0x0a },
        { to: end, on: [['ENOENT'], leave] },
      ),
      alu(length, end, 'SUB', line),
      alu(line, line, 'ADD', content),
      scan('EQUAL', { buffer: ref(line), length: wanted.size, start: wanted }, { to: same }),
      ...when(same, 'NE', 0, [
        move(found, 1),
        ...ignoring(untaken, refused => writeBack(launch, directory, file, [ref(line), length], refused)),
        jump(leave),
      ]),
      alu(line, end, 'ADD', 1),
    ]),
    ...(none === null
      ? []
      : when(
          found,
          'EQ',
          0,
          ignoring(untaken, refused =>
            writeFile(launch, directory, file, `${key}${none}`, { missing: refused, refused }),
          ),
        )),
  ];
}

/** memory.oom_control reads as `oom_kill_disable N` and more, and takes N. */
function writeDigit(launch: Launch, directory: Data, file: string, { content, size }: Held): readonly Line[] {
  const at = slots('saved_digit', 2);
  return ignoring([...untaken], refused => [
    scan('SKIP', { buffer: content, length: size, byte: 0x20, count: 1 }, { to: at, ...refused }),
    alu(at, at, 'ADD', content),
    ...writeBack(launch, directory, file, [ref(at), 1], refused),
  ]);
}

/** Of one file. */
function savedFile(launch: Launch, directory: Data, file: string, value: string): SavedLimit {
  const entry = entryOf(file, value);
  const held: Held = {
    content: buffer('saved_limit', roomFor(file, entry) + SLACK),
    size: slot('saved_size'),
  };
  const back =
    file === 'memory.oom_control'
      ? writeDigit(launch, directory, file, held)
      : entry === null
        ? ignoring(untaken, refused => writeBack(launch, directory, file, [held.content, held.size], refused))
        : writeEntry(launch, directory, file, held, entry);
  return { save: read(launch, directory, file, held), restore: when(held.size, 'GT', 0, back) };
}

export function savedLimit(launch: Launch, { limit, directory }: PlacedLimit): SavedLimit {
  const { file, value, rather } = limit;
  const one = savedFile(launch, directory.memory, file, value);
  if (rather === undefined) return one;
  const other = savedFile(launch, directory.memory, rather.file, rather.value);
  return { save: [...other.save, ...one.save], restore: [...other.restore, ...one.restore] };
}
