/** Pinning a mount namespace: the file, the maker on each CPU in turn, the bind (docs/architecture.md, "Rules of shared views", 1 and 2). */
import { NUMBERS, type PinPlace } from '../../../spec/environment.js';
import { errnos } from '../../../spec/errno.js';
import { TemplateField } from '../../../spec/instructions.js';
import { AT_FDCWD, Clone, MountFlag, type OpenFlags, SIGKILL } from '../../../spec/kernel.js';
import { generationFile } from '../../../spec/records/names.js';
import type { Action } from '../../program/action.js';
import { attempt, ignoring, repeat, retrying } from '../../program/control.js';
import { buffer, field, type Label, label, type Slot, slot, slots, text } from '../../program/operand.js';
import {
  alu,
  branch,
  fail,
  failVerbatim,
  format,
  guard,
  jump,
  type Line,
  load,
  recv,
  store,
  sys,
  track,
  waitReap,
} from '../../program/step.js';
import { cloneArguments } from '../idioms/clone.js';
import { makeDirectory, removeFile } from '../idioms/entries.js';
import { operation } from '../idioms/operation.js';
import { socketPair } from '../idioms/socket-pair.js';
import { rule } from '../launch/launch.js';
import { unpin } from './pins.js';

/** How often each CPU is tried: the kernel gives out namespace numbers in batches for each CPU, and a pin must have a higher one than its binder's. */
const ROUNDS = 4;
const AFFINITY_BYTES = 128;
export const MARK_SIZE = 8;

/** A generation that is to be made. */
export interface NewPin {
  readonly place: PinPlace;
  readonly generation: number;
  /** For people: `debian12@7`. */
  readonly shown: string;
  /** CPUs that there may be. */
  readonly cpus: number;
}

export const pinName = ({ place, generation }: NewPin): string => generationFile(place.file, generation);
export const pinPath = (pin: NewPin): string => `${pin.place.directory}/${pinName(pin)}`;

/** What the host track and the maker share. */
export interface MakerCells {
  readonly pid: Slot;
  readonly pidfd: Slot;
  readonly hostEnd: Slot;
  readonly makerEnd: Slot;
  readonly mountsFd: Slot;
  readonly message: ReturnType<typeof buffer>;
  readonly size: Slot;
  /** A unique mount id (statx(2)) that is above those of what the maker has put together, and below those of what comes later; 0: the kernel has none. */
  readonly mark: Slot;
  readonly begin: Label;
}

export function createMakerCells(): MakerCells {
  return {
    pid: slot('maker_pid'),
    pidfd: slot('maker_pidfd', -1),
    hostEnd: slot('host_end', -1),
    makerEnd: slot('maker_end', -1),
    mountsFd: slot('mounts_fd', -1),
    message: buffer('message', 4096),
    size: slots('message_size', 2),
    mark: slot('maker_mark'),
    begin: label('maker_begin'),
  };
}

export function killMaker(c: MakerCells): readonly Line[] {
  return [sys('pidfd_send_signal', [c.pidfd, SIGKILL, 0, 0]), waitReap(c.pidfd, 10_000, { to: c.size })];
}

/** `complete`: where to go on if the generation is there already. */
export function makePin(
  pin: NewPin,
  pins: Slot,
  open: OpenFlags,
  c: MakerCells,
  complete: Label,
): readonly Action[] {
  const [name, path] = [pinName(pin), pinPath(pin)];
  const flags = open.WRONLY | open.CREAT | open.TRUNC | open.NOFOLLOW | open.CLOEXEC;
  const { shown } = pin;
  return [
    takeNumber(pin, pins, open, complete),
    operation(
      { kind: 'make-pin-file', pin: shown, because: rule('pins') },
      [
        ...pinFile(pins, name, path, open),
        sys('openat', [pins, text(`${name}.mounts`), flags, 0o600], { to: c.mountsFd }),
      ],
      { undo: unpin(pins, path, name) },
    ),
    operation({ kind: 'pin', pin: shown, path, because: rule('pin') }, tryOnEachCpu(pin.cpus, path, c), {
      undo: killMaker(c),
    }),
  ];
}

/**
 * A number is given out once: containers, and compiled executables, know a generation by it. Under the lock, so that of two commands that chose the same
 * one the second finds it complete, or, if it was released meanwhile, gone.
 */
function takeNumber(pin: NewPin, pins: Slot, open: OpenFlags, complete: Label): Action {
  const name = pinName(pin);
  const numbers = slot('numbers', -1);
  const fd = slot('number');
  const directory = open.RDONLY | open.DIRECTORY | open.NOFOLLOW | open.CLOEXEC;
  const flags = open.WRONLY | open.CREAT | open.EXCL | open.NOFOLLOW | open.CLOEXEC;
  const former = generationFile(pin.place.file, pin.generation - 1);
  return operation({ kind: 'take-number', pin: pin.shown, because: rule('no number comes back') }, [
    ...makeDirectory(AT_FDCWD, NUMBERS, 0o700),
    sys('openat', [AT_FDCWD, text(NUMBERS), directory, 0], { to: numbers }),
    ...attempt(
      ['EEXIST'],
      taken => [
        sys('openat', [numbers, text(name), flags, 0o600], { to: fd, ...taken }),
        sys('close', [fd]),
        ...removeFile(numbers, text(former)),
      ],
      [
        ...ignoring(['ENOENT'], released => [
          sys('faccessat2', [pins, text(`${name}.json`), 0, 0], released),
          jump(complete),
        ]),
        fail(errnos.EEXIST.number),
      ],
    ),
    sys('close', [numbers]),
  ]);
}

/** The number is ours: what is there by that name was left by a command that was killed, or is none of ours. */
function pinFile(pins: Slot, name: string, path: string, open: OpenFlags): readonly Line[] {
  const fd = slot('pin_file');
  const flags = open.RDONLY | open.CREAT | open.EXCL | open.NOFOLLOW | open.CLOEXEC;
  const args = [pins, text(name), flags, 0o600];
  return [
    ...attempt(['EEXIST'], exists => [sys('openat', args, { to: fd, ...exists })], [
      ...unpin(pins, path, name),
      sys('openat', args, { to: fd }),
    ]),
    sys('close', [fd]),
  ];
}

/**
 * The kernel refuses to bind a mount namespace inside one that has a higher number (that could become a loop). Since Linux 6.18 numbers come in
 * batches for each CPU, so that a newer namespace can have a lower one: made again on each CPU in turn, until one is high enough.
 */
function tryOnEachCpu(cpus: number, path: string, c: MakerCells): readonly Line[] {
  const cloneArgs = cloneArguments('maker', Clone.PIDFD | Clone.NEWNS, c.pidfd);
  const source = buffer('namespace_path', 48);
  const died = label('maker_died');
  const failed = label('maker_failed');
  return repeat(({ leave: pinned }) => [
    ...socketPair('maker channel', c.hostEnd, c.makerEnd),
    track(cloneArgs, 'maker', c.begin, { to: c.pid }),
    sys('close', [c.makerEnd]),
    ...ignoring(['EINVAL'], refused => [
      recv(c.hostEnd, c.message, { to: c.size, on: [['ECONNRESET'], died] }),
      branch(c.size, 'EQ', 0, died),
      // Its word that all is ready is the mark; failures have more to say.
      branch(c.size, 'NE', MARK_SIZE, failed),
      load(c.mark, 'U64', c.message),
      format(source, ['/proc/', field(TemplateField.DECIMAL, c.pid), '/ns/mnt']),
      sys('mount', [source, text(path), 0, MountFlag.BIND, 0], refused),
      jump(pinned),
      died,
      fail(errnos.ESRCH.number),
      failed,
      failVerbatim(errnos.ECHILD.number, c.message, c.size),
    ]),
    ...killMaker(c),
    sys('close', [c.pidfd]),
    sys('close', [c.hostEnd]),
    ...nextCpu(cpus),
  ]);
}

/** What this process makes from now on it makes on the next CPU that it may use. */
function nextCpu(cpus: number): readonly Line[] {
  const mask = buffer('affinity', AFFINITY_BYTES);
  const turn = slot('cpu_turn', -1);
  const cpu = slot('cpu');
  const byte = slot('cpu_byte');
  const bit = slot('cpu_bit');
  // EINVAL: that CPU is off, or not ours.
  return retrying(['EINVAL'], unusable => [
    alu(turn, turn, 'ADD', 1),
    guard(turn, 'LT', cpus * ROUNDS, errnos.EINVAL.number),
    store('U8', mask, byte, 0),
    alu(cpu, turn, 'MOD', cpus),
    alu(byte, cpu, 'SHR', 3),
    alu(bit, cpu, 'AND', 7),
    alu(bit, 1, 'SHL', bit),
    store('U8', mask, byte, bit),
    sys('sched_setaffinity', [0, AFFINITY_BYTES, mask], unusable),
  ]);
}
