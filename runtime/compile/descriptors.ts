/**
 * Descriptors and files that the caller named: which stay open, where the pid is written.
 */
import { TemplateField } from '../../spec/instructions.js';
import { AT_FDCWD, CLOSE_RANGE_CLOEXEC, F_SETFD } from '../../spec/kernel.js';
import { type Action, action } from '../program/action.js';
import { buffer, field, label, ref, slot } from '../program/operand.js';
import { alu, branch, format, jump, move, sys } from '../program/step.js';
import { type Launch, rule } from './launch.js';

/** Descriptors that the caller passed on purpose: 3 to 3 + preserve-fds - 1; all others close at exec (CVE-2024-21626). */
export function sweepDescriptors(launch: Launch): Action {
  const { cells } = launch;
  const first = slot('first_swept');
  const n = slot('preserved');
  const again = label('check_preserved');
  const checked = label('preserved_checked');
  return action(
    {
      title: 'keep other descriptors out of the container',
      fails: ['keep descriptor ', field(TemplateField.DECIMAL, n), ' (--preserve-fds)'],
      because: rule('CVE-2024-21626'),
    },
    [
      alu(first, cells.preserveFds, 'ADD', 3),
      move(n, 3),
      again,
      branch(n, 'GE', first, checked),
      sys('fcntl', [n, F_SETFD, 0]),
      alu(n, n, 'ADD', 1),
      jump(again),
      checked,
      sys('close_range', [first, 0xffffffff, CLOSE_RANGE_CLOEXEC]),
    ],
  );
}

/** The pid file must be there, whole and without newline, before the command ends (oci-contract.md A4). */
export function pidFile(launch: Launch): Action {
  const { cells, open } = launch;
  const none = label('no_pid_file');
  const fresh = label('no_old_pid_file');
  const content = buffer('pid_text', 24);
  const temporary = buffer('pid_file_new', 4200);
  const size = slot('pid_text_size');
  const fd = slot('pid_file_fd');
  return action(
    {
      title: 'write the pid file',
      fails: ['write pid file ', field(TemplateField.STRING, cells.pidFile)],
      because: rule('--pid-file'),
    },
    [
      branch(cells.pidFile, 'LT', 0, none),
      format(content, [field(TemplateField.DECIMAL, cells.pid)], { to: size }),
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
      none,
    ],
  );
}
