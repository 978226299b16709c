/**
 * Where the output of hooks goes: into the files of the annotations run.oci.hooks.stdout and run.oci.hooks.stderr (as with crun); else standard output
 * nowhere, and standard error into a file in memory, the end of which is quoted if the hook fails. Never to the caller's descriptors, which become
 * the container's own.
 */
import type { ErrnoName } from '../../../spec/errno.js';
import { TemplateField } from '../../../spec/instructions.js';
import {
  AT_FDCWD,
  F_GETFL,
  F_SETFL,
  FSMOUNT_CLOEXEC,
  FSOPEN_CLOEXEC,
  FsConfig,
  MFD_CLOEXEC,
  type OpenFlags,
  SEEK_END,
  SEEK_SET,
} from '../../../spec/kernel.js';
import { attempt, ignoring, repeat, when } from '../../program/control.js';
import {
  buffer,
  cell,
  type Data,
  field,
  label,
  type Slot,
  slot,
  slots,
  text,
} from '../../program/operand.js';
import {
  alu,
  branch,
  failVerbatim,
  format,
  jump,
  type Line,
  load,
  move,
  type Subroutine,
  scan,
  subroutine,
  sys,
  warn,
} from '../../program/step.js';
import { outputNotOpened } from '../../report/operations/hooks.js';

export interface HookOutput {
  /** Descriptors for the hook. */
  readonly stdout: Slot;
  readonly stderr: Slot;
  /** A file in memory: why a hook could not be executed. */
  readonly fault: Slot;
  /** Opens them, unless they are open. */
  readonly open: Subroutine;
  /** The same, but a file that cannot be opened only deserves a warning. */
  readonly openAnyhow: Subroutine;
  /** Before each hook. */
  readonly begin: Subroutine;
  /** Reads the end of what the hook has said on its standard error: offset and length in `quoted`; the length is 0 if there is nothing. */
  readonly quote: Subroutine;
  readonly quoted: Slot;
  /** The same of the words of a hook that was not executed. */
  readonly readFault: Subroutine;
}

export interface OutputInput {
  readonly open: OpenFlags;
  readonly bundle: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** The hooks are executed inside the container, where nothing of the host may reach them, not even its /dev/null. */
  readonly inside: boolean;
  /** Whoever runs them may make a tmpfs. */
  readonly tmpfs: boolean;
}

/** What a talkative hook may keep in memory, and how much of it is quoted. */
const KEPT = '4m';
export const QUOTED = 1000;

const NEWLINE = '\n'.charCodeAt(0);

const unusable: readonly ErrnoName[] = [
  'ENOENT',
  'EACCES',
  'EPERM',
  'EROFS',
  'ENOTDIR',
  'EISDIR',
  'ELOOP',
  'ENAMETOOLONG',
  'ENOSPC',
  'ENXIO',
  'ENODEV',
  'EDQUOT',
];

export function hookOutput(input: OutputInput): HookOutput {
  const { open, inside, tmpfs } = input;
  const stdout = slot('hook_stdout', -1);
  const stderr = slot('hook_stderr', -1);
  const fault = slot('hook_fault', -1);
  const from = slot('hook_stderr_from');
  const quoted = slots('hook_quoted', 2);
  const quotedText = buffer('hook_quoted_text', QUOTED);
  const files = {
    stdout: annotated(input, 'run.oci.hooks.stdout'),
    stderr: annotated(input, 'run.oci.hooks.stderr'),
  };
  const memory = tmpfs ? openMemory : openEndless;
  const opened = (anyhow: boolean): readonly Line[] =>
    when(fault, 'LT', 0, [
      ...(files.stdout
        ? openFile(open, files.stdout, stdout, anyhow)
        : inside
          ? memory(open, stdout)
          : openNothing(open, stdout)),
      ...(files.stderr ? openFile(open, files.stderr, stderr, anyhow) : memory(open, stderr)),
      sys('memfd_create', [text('fault'), MFD_CLOEXEC], { to: fault }),
    ]);
  return {
    stdout,
    stderr,
    fault,
    open: subroutine('open_hook_output', opened(false)),
    openAnyhow: subroutine('open_hook_output_anyhow', opened(true)),
    begin: subroutine('begin_hook_output', [
      // Written again from the beginning: processes that have it from us share its offset.
      sys('ftruncate', [fault, 0]),
      sys('lseek', [fault, 0, SEEK_SET]),
      ...(files.stderr ? [] : emptied(stderr)),
      ...endOf(stderr, from),
    ]),
    quote: subroutine('quote_hook', quoteEnd(stderr, from, quotedText, quoted)),
    quoted,
    readFault: subroutine('read_hook_fault', [
      move(quoted, quotedText),
      sys('pread64', [fault, quotedText, QUOTED, 0], { to: cell(quoted, 1) }),
    ]),
  };
}

interface File {
  readonly path: string;
  readonly annotation: string;
}

function annotated({ annotations, bundle }: OutputInput, annotation: string): File | null {
  const path = annotations[annotation];
  if (path === undefined || path === '') return null;
  return { path: path.startsWith('/') ? path : `${bundle}/${path}`, annotation };
}

/** Opened for reading too: a fifo that nobody reads must not make us wait, and what was written is quoted. */
function openFile(open: OpenFlags, file: File, to: Slot, anyhow: boolean): readonly Line[] {
  const words = buffer('hook_file_words', 4096 + 200);
  const size = slot('hook_file_words_size');
  const flags = open.RDWR | open.CREAT | open.APPEND | open.NOCTTY | open.CLOEXEC;
  return attempt(
    unusable,
    failed => [sys('openat', [AT_FDCWD, text(file.path), flags, 0o600], { to, ...failed })],
    [
      format(words, outputNotOpened(file.path, file.annotation, field(TemplateField.ERRNO, to)), {
        to: size,
      }),
      ...(anyhow ? [warn(words, size), ...openNothing(open, to)] : [failVerbatim(to, words, size)]),
    ],
  );
}

function openNothing(open: OpenFlags, to: Slot): readonly Line[] {
  return [sys('openat', [AT_FDCWD, text('/dev/null'), open.RDWR | open.CLOEXEC, 0], { to })];
}

/**
 * A file without a name on a tmpfs that is mounted nowhere: unlike a memfd it cannot grow without end, and unlike a pipe what a hook has left running
 * can go on writing to it when nobody listens any more. Where no tmpfs may be made (a filter around us), nothing is kept.
 */
function openMemory(open: OpenFlags, to: Slot): readonly Line[] {
  const context = slot('hook_tmpfs');
  const mount = slot('hook_tmpfs_mount');
  return attempt(
    ['EPERM', 'EACCES', 'ENOSYS', 'ENOMEM', 'EINVAL'],
    unless => [
      sys('fsopen', [text('tmpfs'), FSOPEN_CLOEXEC], { to: context, ...unless }),
      sys('fsconfig', [context, FsConfig.SET_STRING, text('size'), text(KEPT), 0], unless),
      sys('fsconfig', [context, FsConfig.CMD_CREATE, 0, 0, 0], unless),
      sys('fsmount', [context, FSMOUNT_CLOEXEC, 0], { to: mount, ...unless }),
      sys('close', [context]),
      sys('openat', [mount, text('.'), open.RDWR | open.TMPFILE | open.APPEND | open.CLOEXEC, 0o600], { to }),
      sys('close', [mount]),
    ],
    openNothing(open, to),
  );
}

/** What a user's hooks say: he pays for the memory himself, and could have as much without us. */
function openEndless(open: OpenFlags, to: Slot): readonly Line[] {
  const flags = slot('hook_memory_flags');
  return [
    sys('memfd_create', [text('hook'), MFD_CLOEXEC], { to }),
    sys('fcntl', [to, F_GETFL, 0], { to: flags }),
    alu(flags, flags, 'OR', open.APPEND),
    sys('fcntl', [to, F_SETFL, flags]),
  ];
}

function emptied(fd: Slot): readonly Line[] {
  return ignoring(['EINVAL', 'ESPIPE'], device => [sys('ftruncate', [fd, 0], device)]);
}

function endOf(fd: Slot, to: Slot): readonly Line[] {
  return ignoring(['ESPIPE'], endless => [sys('lseek', [fd, 0, SEEK_END], { to, ...endless })]);
}

/** At most QUOTED bytes, from the beginning of a line if there is one among them, else of a character (RFC 3629), without newlines at the end. */
function quoteEnd(fd: Slot, from: Slot, into: Data, quoted: Slot): readonly Line[] {
  const at = slot('hook_quote_at');
  const end = slot('hook_quote_end');
  const last = slot('hook_quote_last');
  const byte = slot('hook_quote_byte');
  const start = slot('hook_quote_from');
  const length = cell(quoted, 1);
  const none = label('nothing_to_quote');
  const done = label('quoted');
  const oneLine = label('quote_of_one_line');
  const begin = label('quote_begins');
  return [
    move(quoted, into),
    move(length, 0),
    move(at, from),
    sys('lseek', [fd, 0, SEEK_END], { to: end, on: [['ESPIPE'], none] }),
    alu(last, end, 'SUB', from),
    ...when(last, 'GT', QUOTED, [alu(at, end, 'SUB', QUOTED)]),
    sys('pread64', [fd, into, QUOTED, at], { to: length, on: [['ESPIPE', 'EINVAL', 'EISDIR'], none] }),
    ...repeat(({ leave }) => [
      branch(length, 'LE', 0, none),
      alu(last, length, 'SUB', 1),
      load(byte, 'U8', into, last),
      branch(byte, 'NE', NEWLINE, leave),
      move(length, last),
    ]),
    branch(at, 'EQ', from, done),
    scan('FIND', { buffer: into, length, byte: NEWLINE }, { to: start, on: [['ENOENT'], oneLine] }),
    alu(start, start, 'ADD', 1),
    jump(begin),
    oneLine,
    move(start, 0),
    ...repeat(({ leave }) => [
      branch(start, 'EQ', length, leave),
      load(byte, 'U8', into, start),
      alu(byte, byte, 'AND', 0xc0),
      branch(byte, 'NE', 0x80, leave),
      alu(start, start, 'ADD', 1),
    ]),
    begin,
    alu(quoted, quoted, 'ADD', start),
    alu(length, length, 'SUB', start),
    jump(done),
    none,
    move(length, 0),
    done,
  ];
}
