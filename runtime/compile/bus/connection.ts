/**
 * A connection over which messages of D-Bus go, as steps: sockets, authentication ("Authentication Protocol"), whole messages in and out. Everything together has
 * one deadline. Nothing here fails: what went wrong stands in `problem`, for whoever must go on all the same.
 */
import { errnos } from '../../../spec/errno.js';
import { AF_UNIX, CLOCK_MONOTONIC, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM } from '../../../spec/kernel.js';
import type { ManagerSocket } from '../../../spec/systemd.js';
import { attempt, ignoring, repeat, when } from '../../program/control.js';
import {
  buffer,
  bytes,
  type Data,
  type Label,
  label,
  type Operand,
  ref,
  type Slot,
  slot,
  struct,
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
  type Subroutine,
  scan,
  send,
  subroutine,
  sys,
  waitReadable,
} from '../../program/step.js';
import type { Interrupts } from '../idioms/interrupts.js';
import { Header, LITTLE_ENDIAN, MESSAGE_LIMIT } from './message.js';

/** A message is kept up to here; of longer ones the beginning, and the rest is read and forgotten. */
const ROOM = 16384;
/** Digits of the name that a server gives itself ("UUIDs"). */
const GUID = 32;

export const pause10ms: Line = sys('nanosleep', [struct('10ms', [u64(0), u64(10_000_000)], true), 0]);

export interface Connection {
  readonly fd: Slot;
  /** An errno; 0: all is well so far. ETIMEDOUT: the deadline. EPROTO: what came is no D-Bus. ECONNRESET: the other end has closed. EACCES: who we are did not suffice. */
  readonly problem: Slot;
  /** The socket that answered is one of a bus. */
  readonly byBus: Slot;
  /** Descriptor of signals that end the wait, -1: none does. */
  readonly interrupts: Slot;
  /** What is left of the time for all of it. */
  readonly clock: Clock;
  /** The last message, or the beginning of it. */
  readonly message: Data;
  /** How much of it there is. */
  readonly have: Slot;
  /** Connect to the first socket that is there, and say who we are. `greeting`: what a bus is told first. */
  readonly open: Subroutine;
  /** Wait for the next message. */
  readonly receive: Subroutine;
  readonly close: Subroutine;
}

interface Clock {
  readonly deadline: Slot;
  /** Milliseconds that are left. */
  readonly left: Slot;
  readonly look: Subroutine;
}

function createClock(): Clock {
  const time = struct('bus_time', [u64(0), u64(0)]);
  const [deadline, left, seconds, rest] = ['bus_deadline', 'bus_left', 'bus_seconds', 'bus_nanoseconds'].map(
    name => slot(name),
  ) as [Slot, Slot, Slot, Slot];
  const look = subroutine('look_at_clock', [
    sys('clock_gettime', [CLOCK_MONOTONIC, time]),
    load(seconds, 'I64', time, 0),
    load(rest, 'I64', time, 8),
    alu(seconds, seconds, 'MUL', 1000),
    // Nearly milliseconds, without a division.
    alu(rest, rest, 'SHR', 20),
    alu(left, deadline, 'SUB', seconds),
    alu(left, left, 'SUB', rest),
  ]);
  return { deadline, left, look };
}

/** struct sockaddr_un, as long as its path. */
function addressOf({ path }: ManagerSocket): Data {
  const name = Buffer.from(path.startsWith('\0') ? path : `${path}\0`, 'utf8');
  const address = Buffer.concat([Buffer.from([AF_UNIX, 0]), name]);
  return { ...bytes('sockaddr', address), shown: JSON.stringify(path.replace('\0', '@')) };
}

const constant = (name: string, value: Uint8Array | string): Data =>
  bytes(name, typeof value === 'string' ? Buffer.from(value, 'latin1') : value, 1);

/** Tries them in turn; the problem of the last one stays. */
function connectTo(sockets: readonly ManagerSocket[], c: Parts, connected: Label): readonly Line[] {
  const result = slot('bus_connected');
  return sockets.flatMap(socket => {
    const address = addressOf(socket);
    const again = label('connect_again');
    return [
      sys('socket', [AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0], { to: c.fd }),
      again,
      ...attempt(
        ['ENOENT', 'ECONNREFUSED', 'EACCES', 'EPERM', 'ENOTDIR', 'ELOOP', 'EPROTOTYPE', 'EAGAIN'],
        not => [
          sys('connect', [c.fd, address, address.size], { to: result, ...not }),
          move(c.byBus, socket.kind === 'bus' ? 1 : 0),
          jump(connected),
        ],
        [
          // So many wait that there is no room: not for long.
          ...when(result, 'EQ', -errnos.EAGAIN.number, [
            call(c.clock.look),
            ...when(c.clock.left, 'GT', 0, [pause10ms, jump(again)]),
            move(result, -errnos.ETIMEDOUT.number),
          ]),
          alu(c.problem, 0, 'SUB', result),
          sys('close', [c.fd]),
          move(c.fd, -1),
        ],
      ),
    ];
  });
}

interface Parts {
  readonly fd: Slot;
  readonly problem: Slot;
  readonly byBus: Slot;
  readonly message: Data;
  readonly have: Slot;
  readonly clock: Clock;
  /** `want` bytes, or up to them, to `at`. */
  readonly at: Slot;
  readonly want: Slot;
}

/** At least one byte, and at most as many as are wanted; `at` and `want` move on. */
function readSome(c: Parts, interrupts: Slot, interrupted: Interrupts): Subroutine {
  const result = slot('bus_read');
  const failed = label('bus_read_failed');
  const end = label('bus_read_end');
  const on = (...names: Parameters<typeof attempt>[0]) => ({ to: result, on: [names, failed] as const });
  return subroutine('read_some', [
    call(c.clock.look),
    ...when(c.clock.left, 'LE', 0, [move(result, -errnos.ETIMEDOUT.number), jump(failed)]),
    waitReadable(c.fd, c.clock.left, on('ETIMEDOUT'), interrupts),
    ...when(result, 'EQ', 2, [call(interrupted.fail)]),
    sys('read', [c.fd, ref(c.at), c.want], on('EAGAIN', 'ECONNRESET')),
    ...when(result, 'EQ', 0, [move(result, -errnos.ECONNRESET.number), jump(failed)]),
    alu(c.at, c.at, 'ADD', result),
    alu(c.want, c.want, 'SUB', result),
    jump(end),
    failed,
    alu(c.problem, 0, 'SUB', result),
    end,
  ]);
}

/** All that is wanted. */
function readAll(c: Parts, some: Subroutine): Subroutine {
  return subroutine(
    'read_all',
    repeat(({ leave }) => [branch(c.want, 'LE', 0, leave), call(some), branch(c.problem, 'NE', 0, leave)]),
  );
}

/** Sent whole: it is shorter than what a socket holds. */
function say(c: Parts, what: Data, size: Operand, failed: Label): readonly Line[] {
  const result = slot('bus_sent');
  const lost = label('bus_not_sent');
  const sent = label('bus_is_sent');
  return [
    send(c.fd, what, size, null, { to: result, on: [['EPIPE', 'ECONNRESET', 'EAGAIN'], lost] }),
    jump(sent),
    lost,
    alu(c.problem, 0, 'SUB', result),
    jump(failed),
    sent,
  ];
}

/**
 * EXTERNAL, and the other end looks by itself who we are: the uid that it sees is not known in a user namespace. All lines at once, as sd-bus sends them: a message that
 * comes with BEGIN would lie in the buffer of its server until another one came. The answers have a length, and behind them may be messages already.
 */
function authenticate(c: Parts, all: Subroutine, greeting: Uint8Array, failed: Label): readonly Line[] {
  const is = slot('line_is');
  const denied = label('bus_denies');
  const accepted = label('bus_accepts');
  const lines = constant('AUTH', '\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n');
  const hello = constant('greeting', greeting);
  /** A line of that many bytes that begins so. */
  const expect = (line: string, size: number): readonly Line[] => [
    move(c.at, c.message),
    move(c.want, size),
    call(all),
    branch(c.problem, 'NE', 0, failed),
    scan('EQUAL', { buffer: c.message, length: line.length, start: constant(line, line) }, { to: is }),
    branch(is, 'EQ', 0, denied),
  ];
  return [
    ...say(c, lines, lines.size, failed),
    ...expect('DATA\r\n', 6),
    ...expect('OK ', 'OK '.length + GUID + 2),
    ...when(c.byBus, 'NE', 0, say(c, hello, hello.size, failed)),
    jump(accepted),
    denied,
    move(c.problem, errnos.EACCES.number),
    accepted,
  ];
}

/** The next message; what does not fit is read and forgotten. */
function receive(c: Parts, all: Subroutine): Subroutine {
  const byte = slot('bus_byte');
  const size = slot('bus_message_size');
  const fields = slot('bus_fields_size');
  const rest = slot('bus_rest');
  const end = label('bus_received');
  const malformed = label('bus_malformed');
  const read = (at: Operand, want: Operand): readonly Line[] => [
    move(c.at, at),
    move(c.want, want),
    call(all),
    branch(c.problem, 'NE', 0, end),
  ];
  const beyond = buffer('bus_beyond', 4096);
  const behindHeader = slot('behind_header', 0);
  return subroutine('receive_message', [
    ...read(c.message, Header.SIZE),
    load(byte, 'U8', c.message, Header.ENDIAN),
    branch(byte, 'NE', LITTLE_ENDIAN, malformed),
    load(byte, 'U8', c.message, Header.VERSION),
    branch(byte, 'NE', 1, malformed),
    load(fields, 'U32', c.message, Header.FIELDS_LENGTH),
    load(size, 'U32', c.message, Header.BODY_LENGTH),
    alu(fields, fields, 'ADD', 7),
    alu(fields, fields, 'AND', -8),
    alu(size, size, 'ADD', fields),
    branch(size, 'GT', MESSAGE_LIMIT, malformed),
    move(rest, 0),
    ...when(size, 'GT', ROOM - Header.SIZE, [
      alu(rest, size, 'SUB', ROOM - Header.SIZE),
      move(size, ROOM - Header.SIZE),
    ]),
    alu(c.have, size, 'ADD', Header.SIZE),
    alu(behindHeader, c.message, 'ADD', Header.SIZE),
    ...read(behindHeader, size),
    ...repeat(({ leave }) => [
      branch(rest, 'LE', 0, leave),
      move(size, rest),
      ...when(size, 'GT', beyond.size, [move(size, beyond.size)]),
      alu(rest, rest, 'SUB', size),
      ...read(beyond, size),
    ]),
    jump(end),
    malformed,
    move(c.problem, errnos.EPROTO.number),
    end,
  ]);
}

/** `milliseconds`: for all from connecting to the last answer. */
export function createConnection(input: {
  readonly sockets: readonly ManagerSocket[];
  readonly greeting: Uint8Array;
  readonly milliseconds: number;
  readonly interrupts: Interrupts;
}): Connection {
  const interrupts = slot('bus_interrupts', -1);
  const parts: Parts = {
    fd: slot('bus', -1),
    problem: slot('bus_problem'),
    byBus: slot('by_bus'),
    message: buffer('bus_message', ROOM),
    have: slot('bus_have'),
    clock: createClock(),
    at: slot('bus_at'),
    want: slot('bus_want'),
  };
  const { clock, fd, problem } = parts;
  const some = readSome(parts, interrupts, input.interrupts);
  const all = readAll(parts, some);
  const connected = label('bus_is_connected');
  const end = label('bus_opened');
  const close = subroutine('close_bus', [...when(fd, 'GE', 0, [ignoringClose(fd), move(fd, -1)].flat())]);
  return {
    ...parts,
    interrupts,
    close,
    receive: receive(parts, all),
    open: subroutine('open_bus', [
      move(clock.deadline, 0),
      call(clock.look),
      // What is left until zero is the time itself, below it.
      alu(clock.deadline, input.milliseconds, 'SUB', clock.left),
      move(problem, errnos.ENOENT.number),
      ...connectTo(input.sockets, parts, connected),
      jump(end),
      connected,
      move(problem, 0),
      ...authenticate(parts, all, input.greeting, end),
      end,
    ]),
  };
}

const ignoringClose = (fd: Slot): readonly Line[] => ignoring(['EBADF'], gone => [sys('close', [fd], gone)]);
