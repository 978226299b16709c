/**
 * CRIU's executable as a child that serves one request (`criu swrk`). Its log lies in the work directory; why it failed it says in its answer, and if it was never
 * executed, its own process does.
 */
import { CRIU_PATH, CriuRequest, RequestField } from '../../../spec/criu.js';
import { errnos } from '../../../spec/errno.js';
import { TemplateField } from '../../../spec/instructions.js';
import {
  AT_FDCWD,
  CLOSE_RANGE_CLOEXEC,
  Clone,
  F_SETFD,
  MFD_CLOEXEC,
  type OpenFlags,
  Prctl,
  SIGKILL,
} from '../../../spec/kernel.js';
import { type Action, type Because, rule, type Track } from '../../program/action.js';
import { attempt, ignoring, repeat, when } from '../../program/control.js';
import {
  buffer,
  cell,
  type Data,
  field,
  type Label,
  label,
  ref,
  type Slot,
  slot,
  slots,
  struct,
  text,
  u64,
  vector,
} from '../../program/operand.js';
import {
  back,
  branch,
  call,
  exit,
  fail,
  failVerbatim,
  format,
  formatFailure,
  jump,
  type Line,
  load,
  move,
  recv,
  type Subroutine,
  scan,
  send,
  subroutine,
  sys,
  track,
  waitReadable,
  waitReap,
} from '../../program/step.js';
import { criuFailed, NO_ANSWER } from '../../report/operations/criu.js';
import type { Birth } from '../cgroups/driver.js';
import type { Interrupts } from '../idioms/interrupts.js';
import { operation } from '../idioms/operation.js';
import { resetSignals } from '../idioms/reset-signals.js';
import { sameWord } from '../idioms/same-bytes.js';
import { socketPair } from '../idioms/socket-pair.js';
import { type Answer, createAnswer } from './answer.js';
import { compose, type Message } from './message.js';

export type Task = 'checkpoint' | 'restore';

export interface WorkerInput {
  readonly task: Task;
  /** Of the executable. */
  readonly program: string;
  /** For words. */
  readonly log: string;
  readonly open: OpenFlags;
  /** null: nothing can interrupt it. */
  readonly interrupts: Interrupts | null;
  /** Descriptors that it inherits. */
  readonly given: readonly Slot[];
  /** Where the pid of the first process goes, and the master of its terminal. */
  readonly pid: Slot;
  readonly console: Slot;
}

export interface Worker {
  readonly socket: Slot;
  readonly pidfd: Slot;
  readonly answer: Answer;
  readonly processId: Slot;
  /** Begin it, in the cgroups of `birth` or in ours; `undo`: what else has to be done about it. */
  start(birth: Birth | null, undo: readonly Line[]): Action;
  /** In its own track: it waits until it may begin, and ends if the command does. `close`: what it has of the host's. */
  awaitTurn(close: readonly Line[]): Action;
  /** It may. */
  readonly giveTurn: Action;
  /** Send the request. */
  ask(type: number, options: Message): Action;
  /** Until it gives that notice; null: its answer. */
  expect(notice: string | null): Action;
  /** Behind a notice. */
  readonly goOn: Action;
  /** It ends by itself. */
  readonly end: Action;
  /** Its own track; `before`: what is done in it, before CRIU is executed. */
  track(before: readonly Action[]): Track;
}

/** Milliseconds after which one that says nothing is looked at. */
const LOOK = 1000;
const WORDS = 1500;

/** What the process that becomes CRIU waits for. */
const GO = 'g';

export function criuWorker(input: WorkerInput): Worker {
  const { task } = input;
  const because = rule(task);
  const socket = slot('criu_socket', -1);
  const theirs = slot('criu_end', -1);
  const fault = slot('criu_fault', -1);
  const pidfd = slot('criu_pidfd', -1);
  const processId = slot('criu_pid');
  const begin = label('criu_begin');
  const answer = createAnswer(input.pid);
  const receive = receiver({ input, answer, socket, pidfd, fault });
  const acknowledge = compose('criu_consent', [
    [RequestField.TYPE, CriuRequest.NOTIFY],
    [RequestField.NOTIFY_SUCCESS, true],
  ]);
  const goOn = send(socket, acknowledge.data, acknowledge.data.size);
  return {
    socket,
    pidfd,
    answer,
    processId,
    start: (birth, undo) =>
      started({ input, begin, theirs, fault, because }, { socket, pidfd, processId, birth, undo }),
    awaitTurn: close => awaitTurn(socket, theirs, close),
    giveTurn: operation({ kind: 'begin-criu', because }, told(socket, text(GO), 1)),
    ask(type, options) {
      const request = compose('criu_request', [
        [RequestField.TYPE, type],
        [RequestField.OPTIONS, options],
      ]);
      return operation({ kind: 'ask-criu', task, because }, [
        ...request.fill,
        ...told(socket, request.data, request.data.size),
      ]);
    },
    expect: notice =>
      operation(
        { kind: 'await-criu', for: notice ?? task, because },
        untilNotice({ answer, receive, goOn, console: input.console }, notice),
      ),
    goOn: operation({ kind: 'let-criu-go-on', because }, [goOn]),
    end: operation({ kind: 'end-criu', because }, [
      sys('close', [socket]),
      ...attempt(['ETIMEDOUT'], late => [waitReap(pidfd, 10_000, late)], [
        sys('pidfd_send_signal', [pidfd, SIGKILL, 0, 0]),
        waitReap(pidfd, 10_000, {}),
      ]),
    ]),
    track: before => childTrack({ input, begin, theirs, fault, because }, before),
  };
}

interface Start {
  readonly socket: Slot;
  readonly pidfd: Slot;
  readonly processId: Slot;
  readonly birth: Birth | null;
  readonly undo: readonly Line[];
}

function started({ input, begin, theirs, fault, because }: Child, of: Start): Action {
  const { socket, pidfd, undo } = of;
  return operation(
    { kind: 'start-criu', path: input.program, because },
    [
      ...socketPair('criu sockets', socket, theirs),
      sys('memfd_create', [text('criu'), MFD_CLOEXEC], { to: fault }),
      ...cloned(of, begin),
      sys('close', [theirs]),
    ],
    {
      undo: [
        ...ignoring(['ESRCH', 'EBADF'], gone => [
          sys('pidfd_send_signal', [pidfd, SIGKILL, 0, 0], gone),
          waitReap(pidfd, 10_000, {}),
        ]),
        ...undo,
      ],
    },
  );
}

function cloned({ birth, pidfd, processId }: Start, begin: Label): readonly Line[] {
  const SIGCHLD = 17;
  const args = struct('clone_args criu', [
    u64(BigInt(Clone.PIDFD) | (birth?.flags ?? 0n)),
    { width: 8, to: pidfd },
    u64(0),
    u64(0),
    u64(SIGCHLD),
    ...Array.from({ length: 6 }, () => u64(0)),
  ]);
  return [
    ...(birth?.begin(args) ?? []),
    track(args, 'criu', begin, { to: processId }),
    ...(birth?.end ?? []),
  ];
}

/** What one that has died is told is lost; whoever waits for its answer hears of its end. */
const told = (socket: Slot, what: Data, size: number): readonly Line[] =>
  ignoring(['EPIPE', 'ECONNRESET'], lost => [send(socket, what, size, null, lost)]);

/** The other end of the socket is CRIU's afterwards. */
function awaitTurn(socket: Slot, theirs: Slot, close: readonly Line[]): Action {
  const message = buffer('criu_turn', 8);
  const size = slot('criu_turn_size');
  return operation({ kind: 'await-turn-of-criu', because: rule('its groups are made for it') }, [
    sys('close', [socket]),
    ...close,
    recv(theirs, message, { to: size }),
    ...when(size, 'LE', 0, [exit(1)]),
  ]);
}

interface Ends {
  readonly input: WorkerInput;
  readonly answer: Answer;
  readonly socket: Slot;
  readonly pidfd: Slot;
  readonly fault: Slot;
}

/** The next message: parsed. A failure of CRIU's is one of whoever calls. */
function receiver({ input, answer, socket, pidfd, fault }: Ends): Subroutine {
  const { interrupts } = input;
  const which = slot('criu_ready');
  const died = label('criu_died');
  const there = label('criu_speaks');
  const wait = label('criu_wait');
  const said = slots('criu_said', 2);
  const saidText = buffer('criu_said_text', WORDS);
  return subroutine('hear_criu', [
    wait,
    ...attempt(
      ['ETIMEDOUT'],
      silent => [
        waitReadable(socket, LOOK, { to: which, ...silent }, interrupts?.fd ?? -1),
        ...(interrupts === null ? [] : when(which, 'EQ', 2, [call(interrupts.fail)])),
        jump(there),
      ],
      [
        // Those that it has begun may still hold the other end when it is dead.
        waitReadable(pidfd, 0, { to: which, on: [['ETIMEDOUT'], wait] }),
        // What it said last counts.
        waitReadable(socket, 0, { to: which, on: [['ETIMEDOUT'], died] }),
      ],
    ),
    there,
    recv(
      socket,
      answer.data,
      { to: answer.size, on: [['ECONNRESET'], died] },
      { array: answer.fds, count: 1 },
    ),
    ...when(answer.size, 'GT', 0, [
      call(answer.parse),
      ...when(answer.success, 'EQ', 0, failure(input, answer, said, saidText)),
      back(),
    ]),
    died,
    move(said, saidText),
    sys('pread64', [fault, saidText, WORDS, 0], { to: cell(said, 1) }),
    ...when(cell(said, 1), 'EQ', 0, [format(saidText, [NO_ANSWER], { to: cell(said, 1) })]),
    ...fails(input, said),
  ]);
}

/** Its first error, without what follows in other lines. */
function failure(input: WorkerInput, answer: Answer, said: Slot, saidText: Data): readonly Line[] {
  const end = slot('criu_line_end');
  return [
    move(said, answer.message),
    move(cell(said, 1), cell(answer.message, 1)),
    ...when(cell(said, 1), 'EQ', 0, [
      move(said, saidText),
      format(saidText, [field(TemplateField.ERRNO, answer.errno)], { to: cell(said, 1) }),
    ]),
    ...ignoring(['ENOENT'], whole => [
      scan('FIND', { buffer: ref(said), length: cell(said, 1), byte: 10 }, { to: end, ...whole }),
      move(cell(said, 1), end),
    ]),
    ...when(cell(said, 1), 'GT', WORDS - 500, [move(cell(said, 1), WORDS - 500)]),
    ...fails(input, said),
  ];
}

function fails({ task, log }: WorkerInput, said: Slot): readonly Line[] {
  const words = buffer('criu_words', WORDS + 4096 + 200);
  const size = slot('criu_words_size');
  return [
    format(words, criuFailed(task, field(TemplateField.BYTES, said), log), { to: size }),
    failVerbatim(errnos.ECANCELED.number, words, size),
  ];
}

interface Listening {
  readonly answer: Answer;
  readonly receive: Subroutine;
  readonly goOn: Line;
  readonly console: Slot;
}

/** Other notices are agreed to; the one with a descriptor brings the master of the terminal. */
function untilNotice({ answer, receive, goOn, console }: Listening, notice: string | null): readonly Line[] {
  const equal = slot('criu_notice_is');
  return repeat(({ leave }) => [
    call(receive),
    ...when(answer.type, 'NE', CriuRequest.NOTIFY, [
      notice === null ? jump(leave) : fail(errnos.EPROTO.number),
    ]),
    ...when(cell(answer.size, 1), 'GT', 0, [load(console, 'I32', answer.fds)]),
    ...(notice === null ? [] : [...sameWord(equal, answer.script, notice), branch(equal, 'EQ', 1, leave)]),
    goOn,
  ]);
}

interface Child {
  readonly input: WorkerInput;
  readonly begin: Label;
  readonly theirs: Slot;
  readonly fault: Slot;
  readonly because: Because;
}

function childTrack({ input, begin, theirs, fault, because }: Child, before: readonly Action[]): Track {
  const { task, program, open, given } = input;
  const number = buffer('criu_socket_number', 16);
  const nothing = slot('criu_null');
  const words = buffer('criu_fault_words', WORDS);
  const size = slot('criu_fault_size');
  return {
    name: 'criu',
    actions: [
      operation({ kind: 'become-criu', because }, [
        begin,
        // A restore that nobody waits for must not go on. A checkpoint must: who is killed in the middle of it leaves processes that are neither themselves nor saved.
        ...(task === 'restore' ? [sys('prctl', [Prctl.SET_PDEATHSIG, SIGKILL, 0, 0, 0])] : []),
        sys('setsid', []),
        ...resetSignals(),
      ]),
      ...before,
      operation({ kind: 'execute-criu', path: program, because }, [
        sys('openat', [AT_FDCWD, text('/dev/null'), open.RDWR | open.CLOEXEC, 0], { to: nothing }),
        ...[0, 1, 2].map(fd => sys('dup3', [nothing, fd, 0])),
        sys('close_range', [3, 0xffffffff, CLOSE_RANGE_CLOEXEC]),
        ...[theirs, ...given].map(fd => sys('fcntl', [fd, F_SETFD, 0])),
        format(number, [field(TemplateField.DECIMAL, theirs)]),
        sys('execve', [
          text(program),
          vector('criu arguments', [program, 'swrk', number]),
          vector('criu environment', [`PATH=${CRIU_PATH}`]),
        ]),
      ]),
    ],
    failed: [formatFailure(words, size), sys('write', [fault, words, size]), exit(127)],
  };
}
