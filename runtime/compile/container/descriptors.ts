/**
 * Descriptors and files that the caller named: which stay open, where the pid is written.
 */
import { TemplateField } from '../../../spec/instructions.js';
import {
  AT_FDCWD,
  AT_SYMLINK_FOLLOW,
  CLOSE_RANGE_CLOEXEC,
  F_GETFD,
  FD_CLOEXEC,
  MFD_CLOEXEC,
} from '../../../spec/kernel.js';
import type { Action } from '../../program/action.js';
import { attempt, ignoring, repeat, when } from '../../program/control.js';
import {
  buffer,
  cell,
  type Data,
  field,
  label,
  ref,
  type Slot,
  slot,
  slots,
  text,
} from '../../program/operand.js';
import { alu, branch, format, jump, type Line, move, scan, sys } from '../../program/step.js';
import { removeFile } from '../idioms/entries.js';
import { operation } from '../idioms/operation.js';
import { type ProcessLaunch, rule } from '../launch/launch.js';

/**
 * Close all but `kept` and what the caller passed on purpose. From here on paths are looked up that the image decides, and close-on-exec comes too late for
 * them: /bin may be a link to /proc/self/fd/6/../../bin, which the kernel follows to wherever a directory of the host is open, and the command is then
 * a file of the host, which it can change through /proc/self/exe.
 */
export function letGoOfHost({ cells }: Pick<ProcessLaunch, 'cells'>, kept: readonly Slot[]): Action {
  const from = slot('let_go_from');
  const next = slot('let_go_next');
  const to = slot('let_go_to');
  const last = 0xffffffff;
  return operation(
    { kind: 'close-host-descriptors', because: rule('CVE-2024-21626, CVE-2019-5736: /proc/self/fd') },
    [
      alu(from, cells.preserveFds, 'ADD', 3),
      ...repeat(({ again, leave }) => [
        move(next, last),
        ...kept.flatMap(fd => when(fd, 'GE', from, when(fd, 'LT', next, [move(next, fd)]))),
        ...when(next, 'EQ', from, [alu(from, from, 'ADD', 1), jump(again)]),
        alu(to, next, 'SUB', 1),
        sys('close_range', [from, to, 0]),
        alu(from, next, 'ADD', 1),
        branch(next, 'EQ', last, leave),
      ]),
    ],
  );
}

/**
 * Descriptors that the caller passed on purpose: 3 to 3 + preserve-fds - 1; all others close at exec (CVE-2024-21626). Of those that are named, some may not be open: crun
 * and runc start then. What is opened later may get such a number and be kept out all the same: all that we open is close-on-exec, which nothing is that has come through
 * the execve of the caller. But nothing of the host may be open while paths are looked up that the image decides (letGoOfHost), so the last of the caller's is the last
 * that is kept, and in each hole before it sits an empty file: a new descriptor gets the lowest free number, which the hole is.
 */
export function sweepDescriptors(launch: ProcessLaunch): Action {
  const { preserveFds } = launch.cells;
  const first = slot('first_swept');
  const n = slot('preserved');
  return operation(
    { kind: 'keep-descriptors-out', because: rule('CVE-2024-21626') },
    [
      ...lowerToLast(preserveFds),
      alu(first, preserveFds, 'ADD', 3),
      move(n, 3),
      ...repeat(({ leave }) => [
        branch(n, 'GE', first, leave),
        ...attempt(['EBADF'], closed => [sys('fcntl', [n, F_GETFD, 0], closed)], [
          sys('memfd_create', [text('not open'), MFD_CLOEXEC]),
        ]),
        alu(n, n, 'ADD', 1),
      ]),
      sys('close_range', [first, 0xffffffff, CLOSE_RANGE_CLOEXEC]),
    ],
    { shown: [field(TemplateField.DECIMAL, n)] },
  );
}

/** As many as reach to the last that the caller has open, and not close-on-exec. */
function lowerToLast(preserveFds: Slot): readonly Line[] {
  const last = slot('last_preserved');
  const flags = slot('preserved_flags');
  return repeat(({ leave }) => [
    branch(preserveFds, 'EQ', 0, leave),
    alu(last, preserveFds, 'ADD', 2),
    ...ignoring(['EBADF'], closed => [
      sys('fcntl', [last, F_GETFD, 0], { to: flags, ...closed }),
      branch(flags, 'NONE', FD_CLOEXEC, leave),
    ]),
    alu(preserveFds, preserveFds, 'SUB', 1),
  ]);
}

/**
 * The pid file must be there, whole and without newline, before the command ends: conmon and containerd read it then. It is written without a name, so that a command that is
 * killed leaves nothing; an old one goes first, since linkat(2) replaces nothing. Only file systems without such files (NFS) get one with another name beside it.
 */
export function pidFile(launch: ProcessLaunch): Action {
  const { cells, open } = launch;
  const content = buffer('pid_text', 24);
  const size = slot('pid_text_size');
  const fd = slot('pid_file_fd');
  const directory = buffer('pid_file_dir', 4200);
  const opened = buffer('pid_file_path', 40);
  const beside = label('pid_file_beside');
  const written = label('pid_file_written');
  const path = ref(cells.pidFile);
  return operation(
    { kind: 'write-pid-file', because: rule('--pid-file') },
    when(cells.pidFile, 'GE', 0, [
      format(content, [field(TemplateField.DECIMAL, cells.pid)], { to: size }),
      ...parentOf(cells.pidFile, directory),
      sys('openat', [AT_FDCWD, directory, open.WRONLY | open.TMPFILE | open.CLOEXEC, 0o644], {
        to: fd,
        on: [['EOPNOTSUPP', 'EISDIR', 'EINVAL'], beside],
      }),
      sys('write', [fd, content, size]),
      format(opened, ['/proc/self/fd/', field(TemplateField.DECIMAL, fd)]),
      ...repeat(({ again }) => [
        ...ignoring(['EEXIST'], old => [
          sys('linkat', [AT_FDCWD, opened, AT_FDCWD, path, AT_SYMLINK_FOLLOW], old),
          sys('close', [fd]),
          jump(written),
        ]),
        sys('unlinkat', [AT_FDCWD, path, 0], { on: [['ENOENT'], again] }),
      ]),
      beside,
      ...renamed(launch, content, size),
      written,
    ]),
    { shown: [field(TemplateField.STRING, cells.pidFile)] },
  );
}

/** The directory that a path names its last part in. */
function parentOf(path: Slot, into: Data): readonly Line[] {
  const end = slots('pid_file_slash', 2);
  const part = slots('pid_file_part', 2);
  return attempt(
    ['ENOENT'],
    noSlash => [
      scan(
        'FIND_LAST',
        { buffer: ref(path), length: cell(path, 1), byte: '/'.charCodeAt(0) },
        { to: end, ...noSlash },
      ),
      move(part, path),
      alu(cell(part, 1), end, 'ADD', 1),
      format(into, [field(TemplateField.BYTES, part)]),
    ],
    [format(into, ['.'])],
  );
}

function renamed(launch: ProcessLaunch, content: Data, size: Slot): readonly Line[] {
  const { cells, open } = launch;
  const temporary = buffer('pid_file_new', 4200);
  const fd = slot('pid_file_fd');
  return [
    format(temporary, [field(TemplateField.STRING, cells.pidFile), '.new']),
    // Never through a link that somebody else put there: the directory may be /tmp.
    ...removeFile(AT_FDCWD, temporary),
    sys('openat', [AT_FDCWD, temporary, open.WRONLY | open.CREAT | open.EXCL | open.CLOEXEC, 0o644], {
      to: fd,
    }),
    sys('write', [fd, content, size]),
    sys('close', [fd]),
    sys('renameat2', [AT_FDCWD, temporary, AT_FDCWD, ref(cells.pidFile), 0]),
  ];
}
