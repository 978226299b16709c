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
import { type Action, action } from '../../program/action.js';
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
import { type Launch, rule } from '../launch/launch.js';

/**
 * Close all but `kept` and what the caller passed on purpose. From here on paths are looked up that the image decides, and close-on-exec comes too late for
 * them: /bin may be a link to /proc/self/fd/6/../../bin, which the kernel follows to wherever a directory of the host is open, and the command is then
 * a file of the host, which it can change through /proc/self/exe.
 */
export function letGoOfHost({ cells }: Pick<Launch, 'cells'>, kept: readonly Slot[]): Action {
  const from = slot('let_go_from');
  const next = slot('let_go_next');
  const to = slot('let_go_to');
  const [again, close, done] = [label('let_go_again'), label('let_go_close'), label('let_go_done')];
  const last = 0xffffffff;
  return action(
    { title: 'close what leads to the host', because: rule('CVE-2024-21626, CVE-2019-5736: /proc/self/fd') },
    [
      alu(from, cells.preserveFds, 'ADD', 3),
      again,
      move(next, last),
      ...kept.flatMap(fd => {
        const other = label('let_go_other');
        return [branch(fd, 'LT', from, other), branch(fd, 'GE', next, other), move(next, fd), other];
      }),
      branch(next, 'NE', from, close),
      alu(from, from, 'ADD', 1),
      jump(again),
      close,
      alu(to, next, 'SUB', 1),
      sys('close_range', [from, to, 0]),
      alu(from, next, 'ADD', 1),
      branch(next, 'EQ', last, done),
      jump(again),
      done,
    ],
  );
}

/**
 * Descriptors that the caller passed on purpose: 3 to 3 + preserve-fds - 1; all others close at exec (CVE-2024-21626). Of those that are named, some may not be open: crun
 * and runc start then. What is opened later may get such a number and be kept out all the same: all that we open is close-on-exec, which nothing is that has come through
 * the execve of the caller. But nothing of the host may be open while paths are looked up that the image decides (letGoOfHost), so the last of the caller's is the last
 * that is kept, and in each hole before it sits an empty file: a new descriptor gets the lowest free number, which the hole is.
 */
export function sweepDescriptors(launch: Launch): Action {
  const { cells } = launch;
  const first = slot('first_swept');
  const n = slot('preserved');
  const last = slot('last_preserved');
  const flags = slot('preserved_flags');
  const [shorter, found, again, hole, next, checked] = [
    label('look_for_last_preserved'),
    label('last_preserved_found'),
    label('check_preserved'),
    label('fill_preserved'),
    label('next_preserved'),
    label('preserved_checked'),
  ];
  const lower = label('last_preserved_lower');
  return action(
    {
      title: 'keep other descriptors out of the container',
      fails: ['keep descriptor ', field(TemplateField.DECIMAL, n), ' (--preserve-fds)'],
      because: rule('CVE-2024-21626'),
    },
    [
      shorter,
      branch(cells.preserveFds, 'EQ', 0, found),
      alu(last, cells.preserveFds, 'ADD', 2),
      sys('fcntl', [last, F_GETFD, 0], { to: flags, on: [['EBADF'], lower] }),
      branch(flags, 'NONE', FD_CLOEXEC, found),
      lower,
      alu(cells.preserveFds, cells.preserveFds, 'SUB', 1),
      jump(shorter),
      found,
      alu(first, cells.preserveFds, 'ADD', 3),
      move(n, 3),
      again,
      branch(n, 'GE', first, checked),
      sys('fcntl', [n, F_GETFD, 0], { on: [['EBADF'], hole] }),
      jump(next),
      hole,
      sys('memfd_create', [text('not open'), MFD_CLOEXEC]),
      next,
      alu(n, n, 'ADD', 1),
      jump(again),
      checked,
      sys('close_range', [first, 0xffffffff, CLOSE_RANGE_CLOEXEC]),
    ],
  );
}

/**
 * The pid file must be there, whole and without newline, before the command ends: conmon and containerd read it then. It is written without a name, so that a command that is
 * killed leaves nothing; an old one goes first, since linkat(2) replaces nothing. Only file systems without such files (NFS) get one with another name beside it.
 */
export function pidFile(launch: Launch): Action {
  const { cells, open } = launch;
  const none = label('no_pid_file');
  const content = buffer('pid_text', 24);
  const size = slot('pid_text_size');
  const fd = slot('pid_file_fd');
  const directory = buffer('pid_file_dir', 4200);
  const end = slots('pid_file_slash', 2);
  const part = slots('pid_file_part', 2);
  const here = label('pid_file_here');
  const named = label('pid_file_directory');
  const beside = label('pid_file_beside');
  const opened = buffer('pid_file_path', 40);
  const again = label('link_pid_file');
  const linking = slot('pid_file_linked');
  const there = label('old_pid_file');
  const path = ref(cells.pidFile);
  return action(
    {
      title: 'write the pid file',
      fails: ['write pid file ', field(TemplateField.STRING, cells.pidFile)],
      because: rule('--pid-file'),
    },
    [
      branch(cells.pidFile, 'LT', 0, none),
      format(content, [field(TemplateField.DECIMAL, cells.pid)], { to: size }),
      scan(
        'FIND_LAST',
        { buffer: path, length: cell(cells.pidFile, 1), byte: '/'.charCodeAt(0) },
        { to: end, on: [['ENOENT'], here] },
      ),
      move(part, cells.pidFile),
      alu(cell(part, 1), end, 'ADD', 1),
      format(directory, [field(TemplateField.BYTES, part)]),
      jump(named),
      here,
      format(directory, ['.']),
      named,
      sys('openat', [AT_FDCWD, directory, open.WRONLY | open.TMPFILE | open.CLOEXEC, 0o644], {
        to: fd,
        on: [['EOPNOTSUPP', 'EISDIR', 'EINVAL'], beside],
      }),
      sys('write', [fd, content, size]),
      format(opened, ['/proc/self/fd/', field(TemplateField.DECIMAL, fd)]),
      again,
      sys('linkat', [AT_FDCWD, opened, AT_FDCWD, path, AT_SYMLINK_FOLLOW], {
        to: linking,
        on: [['EEXIST'], there],
      }),
      sys('close', [fd]),
      jump(none),
      there,
      sys('unlinkat', [AT_FDCWD, path, 0], { on: [['ENOENT'], again] }),
      jump(again),
      beside,
      ...renamed(launch, content, size),
      none,
    ],
  );
}

function renamed(launch: Launch, content: Data, size: Slot): readonly Line[] {
  const { cells, open } = launch;
  const fresh = label('no_old_pid_file');
  const temporary = buffer('pid_file_new', 4200);
  const fd = slot('pid_file_fd');
  return [
    format(temporary, [field(TemplateField.STRING, cells.pidFile), '.new']),
    // Never through a link that somebody else put there: the directory may be /tmp.
    sys('unlinkat', [AT_FDCWD, temporary, 0], { on: [['ENOENT'], fresh] }),
    fresh,
    sys('openat', [AT_FDCWD, temporary, open.WRONLY | open.CREAT | open.EXCL | open.CLOEXEC, 0o644], {
      to: fd,
    }),
    sys('write', [fd, content, size]),
    sys('close', [fd]),
    sys('renameat2', [AT_FDCWD, temporary, AT_FDCWD, ref(cells.pidFile), 0]),
  ];
}
