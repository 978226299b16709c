/**
 * HOME, when config.json does not set it: from the container's own /etc/passwd, as runc and crun do; "/" if the user is not there.
 */
import { errnos, unavailable } from '../../../spec/errno.js';
import { TemplateField } from '../../../spec/instructions.js';
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  type OpenFlags,
  OpenHow,
  S_IFREG,
  SEEK_CUR,
  STATX_TYPE,
} from '../../../spec/kernel.js';
import type { Action } from '../../program/action.js';
import { attempt, repeat, when } from '../../program/control.js';
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
} from '../../program/operand.js';
import { alu, branch, fail, format, jump, type Line, move, scan, sys } from '../../program/step.js';
import { fileType } from '../idioms/file-type.js';
import { operation } from '../idioms/operation.js';
import { type ProcessLaunch, rule } from '../launch/launch.js';

/** The longest line that is read. The file may be of any length. */
const MOST = 65536;
/** Of the home; what is longer is no path (limits.h), and a refusal. */
const PATH_MAX = 4096;
const COLON = ':'.charCodeAt(0);
const NEWLINE = '\n'.charCodeAt(0);

export interface Home {
  /** `HOME=...`, an entry of the environment. */
  readonly entry: Data;
  /** In the container's root, before the identity changes. */
  readonly find: Action;
}

/** passwd(5): name:password:uid:gid:comment:directory:shell. Null if the environment has it. */
export function findHome(launch: ProcessLaunch, environment: readonly string[]): Home | null {
  const { process, open } = launch;
  if (environment.some(e => e.startsWith('HOME='))) return null;
  const { uid } = process.user;
  const entry = buffer('home', 'HOME='.length + PATH_MAX, true);
  const passwd = reading();
  const { size, at, end } = passwd;
  const [again, line, over, none, done] = [
    label('passwd_again'),
    label('passwd_line'),
    label('passwd_over'),
    label('home_unknown'),
    label('home_known'),
  ];
  return {
    entry,
    find: operation({ kind: 'look-up-home', uid, because: rule('HOME is not set') }, [
      ...openPasswd(open, passwd, none),
      again,
      ...fill(passwd, none),
      move(at, 0),
      line,
      branch(at, 'GE', size, over),
      ...untilWholeLine(passwd, { again, over, none }),
      ...lineOf(uid, passwd, entry, { none, done }),
      alu(at, end, 'ADD', 1),
      jump(line),
      none,
      format(entry, ['HOME=/']),
      done,
    ]),
  };
}

/** The file, and how far it is read. */
interface Reading {
  readonly fd: Slot;
  readonly file: Data;
  readonly size: Slot;
  /** Begin and end of the line at hand. */
  readonly at: Slot;
  readonly end: Slot;
}

function reading(): Reading {
  return {
    fd: slot('passwd_fd', -1),
    file: buffer('passwd', MOST),
    size: slot('passwd_size'),
    at: slot('passwd_line'),
    end: slots('passwd_line_end', 2),
  };
}

/** A FIFO or device must not stop us; nor may one feed us for ever. And no link of /proc may lead us, who still have all rights, to what the user could not read. */
function openPasswd(open: OpenFlags, { fd }: Reading, none: Label): readonly Line[] {
  const flags = open.RDONLY | open.NONBLOCK | open.NOCTTY | open.CLOEXEC;
  const how = struct('passwd_how', [u64(flags), u64(0), u64(OpenHow.NO_MAGICLINKS)], true);
  const stat = buffer('passwd_stat', 256);
  const type = slot('passwd_type');
  return [
    sys('openat2', [AT_FDCWD, text('/etc/passwd'), how, how.size], { to: fd, on: [unavailable, none] }),
    sys('statx', [fd, text(''), AT_EMPTY_PATH, STATX_TYPE, stat]),
    ...fileType(stat, type),
    branch(type, 'NE', S_IFREG, none),
  ];
}

/** Fill the buffer, as far as the file goes: a file system may give less than it is asked for. */
function fill({ fd, file, size }: Reading, none: Label): readonly Line[] {
  const room = slot('passwd_room');
  const where = slot('passwd_where');
  const got = slot('passwd_got');
  return [
    move(size, 0),
    ...repeat(({ leave }) => [
      alu(room, MOST, 'SUB', size),
      branch(room, 'EQ', 0, leave),
      alu(where, size, 'ADD', file),
      sys('read', [fd, ref(where), room], { to: got, on: [unavailable, none] }),
      branch(got, 'EQ', 0, leave),
      alu(size, size, 'ADD', got),
    ]),
  ];
}

/** Finds the end of the line. One that the end of the buffer cuts is read again from its beginning; behind the last one there is none. */
function untilWholeLine(
  { fd, file, size, at, end }: Reading,
  to: { readonly again: Label; readonly over: Label; readonly none: Label },
): readonly Line[] {
  const back = slot('passwd_back');
  const last = label('passwd_last_line');
  return attempt(
    ['ENOENT'],
    cut => [scan('FIND', { buffer: file, length: size, start: at, byte: NEWLINE }, { to: end, ...cut })],
    [
      branch(size, 'LT', MOST, last),
      ...when(at, 'NE', 0, [alu(back, at, 'SUB', size), sys('lseek', [fd, back, SEEK_CUR]), jump(to.again)]),
      fail(errnos.EFBIG.number),
      to.over,
      branch(size, 'LT', MOST, to.none),
      jump(to.again),
      last,
      move(end, size),
    ],
  );
}

/** The home, if it is the line of the user; else nothing. */
function lineOf(
  uid: number,
  { file, at, end }: Reading,
  entry: Data,
  to: { readonly none: Label; readonly done: Label },
): readonly Line[] {
  const place = slots('passwd_field', 2);
  const found = slots('passwd_uid', 2);
  // Offset and length of the directory, as a field of FORMAT takes them.
  const home = slots('passwd_home', 2);
  const within = { buffer: file, length: end };
  const other = label('passwd_other_line');
  const without = { on: [['ENOENT'], other] } as const;
  return [
    scan('SKIP', { ...within, start: at, byte: COLON, count: 2 }, { to: place, ...without }),
    scan('NUMBER', { ...within, start: place }, { to: found, on: [['EINVAL', 'ERANGE'], other] }),
    branch(found, 'NE', uid, other),
    scan('SKIP', { ...within, start: place, byte: COLON, count: 3 }, { to: place, ...without }),
    scan('FIND', { ...within, start: place, byte: COLON }, { to: found, ...without }),
    alu(cell(home, 1), found, 'SUB', place),
    branch(cell(home, 1), 'EQ', 0, to.none),
    alu(home, place, 'ADD', file),
    format(entry, ['HOME=', field(TemplateField.BYTES, home)]),
    jump(to.done),
    other,
  ];
}
