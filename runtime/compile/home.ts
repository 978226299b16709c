/**
 * HOME, when config.json does not set it: from the container's own /etc/passwd, as runc and crun do; "/" if the user is not there.
 */
import { TemplateField } from '../../spec/instructions.js';
import { AT_FDCWD } from '../../spec/kernel.js';
import { type Action, action } from '../program/action.js';
import { buffer, cell, type Data, field, label, slot, slots, text } from '../program/operand.js';
import { alu, branch, format, jump, move, scan, sys } from '../program/step.js';
import { type Launch, rule } from './launch.js';

/** More than that of /etc/passwd is not read: a root file system must not make init large. */
const MOST = 65536;
const COLON = ':'.charCodeAt(0);
const NEWLINE = '\n'.charCodeAt(0);

export interface Home {
  /** `HOME=...`, an entry of the environment. */
  readonly entry: Data;
  /** In the container's root, before the identity changes. */
  readonly find: Action;
}

/** passwd(5): name:password:uid:gid:comment:directory:shell */
export function findHome(launch: Launch): Home | null {
  const { process, open } = launch;
  if (process.env?.some(e => e.startsWith('HOME='))) return null;
  const uid = process.user?.uid ?? 0;
  const entry = buffer('home', 1024, true);
  const file = buffer('passwd', MOST);
  const fd = slot('passwd_fd');
  const size = slot('passwd_size');
  const at = slot('passwd_line');
  const end = slots('passwd_line_end', 2);
  const place = slots('passwd_field', 2);
  const found = slots('passwd_uid', 2);
  // Offset and length of the directory, as a field of FORMAT takes them.
  const home = slots('passwd_home', 2);
  const line = label('passwd_line');
  const whole = label('passwd_whole_line');
  const next = label('passwd_next');
  const last = label('passwd_last_line');
  const none = label('home_unknown');
  const done = label('home_known');
  const within = { buffer: file, length: end };
  return {
    entry,
    find: action(
      { title: `look up the home of uid ${uid} in /etc/passwd`, because: rule('HOME is not set') },
      [
        // A FIFO or device must not stop us.
        sys(
          'openat',
          [AT_FDCWD, text('/etc/passwd'), open.RDONLY | open.NONBLOCK | open.NOCTTY | open.CLOEXEC, 0],
          {
            to: fd,
            on: [['ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP', 'ENXIO', 'ENODEV', 'EPERM'], none],
          },
        ),
        sys('read', [fd, file, MOST], { to: size, on: [['EISDIR', 'EAGAIN', 'EINVAL', 'EIO'], none] }),
        line,
        branch(at, 'GE', size, none),
        scan(
          'FIND',
          { buffer: file, length: size, start: at, byte: NEWLINE },
          { to: end, on: [['ENOENT'], last] },
        ),
        jump(whole),
        last,
        move(end, size),
        whole,
        scan('SKIP', { ...within, start: at, byte: COLON, count: 2 }, { to: place, on: [['ENOENT'], next] }),
        scan('NUMBER', { ...within, start: place }, { to: found, on: [['EINVAL', 'ERANGE'], next] }),
        branch(found, 'NE', uid, next),
        scan(
          'SKIP',
          { ...within, start: place, byte: COLON, count: 3 },
          { to: place, on: [['ENOENT'], next] },
        ),
        scan('FIND', { ...within, start: place, byte: COLON }, { to: found, on: [['ENOENT'], next] }),
        alu(cell(home, 1), found, 'SUB', place),
        branch(cell(home, 1), 'EQ', 0, none),
        alu(home, place, 'ADD', file),
        format(entry, ['HOME=', field(TemplateField.BYTES, home)], { on: [['ENAMETOOLONG'], none] }),
        jump(done),
        next,
        alu(at, end, 'ADD', 1),
        jump(line),
        none,
        format(entry, ['HOME=/']),
        done,
      ],
    ),
  };
}
