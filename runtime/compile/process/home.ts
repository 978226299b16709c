/**
 * HOME, when config.json does not set it: from the container's own /etc/passwd, as runc and crun do; "/" if the user is not there.
 */
import { errnos, unavailable } from '../../../spec/errno.js';
import { TemplateField } from '../../../spec/instructions.js';
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  OpenHow,
  S_IFMT,
  S_IFREG,
  SEEK_CUR,
  STATX_TYPE,
  Statx,
} from '../../../spec/kernel.js';
import type { Action } from '../../program/action.js';
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
import { alu, branch, fail, format, jump, type Line, load, move, scan, sys } from '../../program/step.js';
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

/** Fill the buffer from `fd`, as far as the file goes: a file system may give less than it is asked for. */
function fill(fd: Slot, file: Data, size: Slot, none: Label): readonly Line[] {
  const more = label('passwd_more');
  const filled = label('passwd_filled');
  const room = slot('passwd_room');
  const where = slot('passwd_where');
  const got = slot('passwd_got');
  return [
    move(size, 0),
    more,
    alu(room, MOST, 'SUB', size),
    branch(room, 'EQ', 0, filled),
    alu(where, size, 'ADD', file),
    sys('read', [fd, ref(where), room], { to: got, on: [unavailable, none] }),
    branch(got, 'EQ', 0, filled),
    alu(size, size, 'ADD', got),
    jump(more),
    filled,
  ];
}

/** passwd(5): name:password:uid:gid:comment:directory:shell. Null if the environment has it. */
export function findHome(launch: ProcessLaunch, environment: readonly string[]): Home | null {
  const { process, open } = launch;
  if (environment.some(e => e.startsWith('HOME='))) return null;
  const { uid } = process.user;
  const entry = buffer('home', 'HOME='.length + PATH_MAX, true);
  const file = buffer('passwd', MOST);
  const flags = open.RDONLY | open.NONBLOCK | open.NOCTTY | open.CLOEXEC;
  const how = struct('passwd_how', [u64(flags), u64(0), u64(OpenHow.NO_MAGICLINKS)], true);
  const stat = buffer('passwd_stat', 256);
  const type = slot('passwd_type');
  const fd = slot('passwd_fd', -1);
  const size = slot('passwd_size');
  const at = slot('passwd_line');
  const end = slots('passwd_line_end', 2);
  const place = slots('passwd_field', 2);
  const found = slots('passwd_uid', 2);
  const back = slot('passwd_back');
  // Offset and length of the directory, as a field of FORMAT takes them.
  const home = slots('passwd_home', 2);
  const again = label('passwd_again');
  const line = label('passwd_line');
  const whole = label('passwd_whole_line');
  const next = label('passwd_next');
  const cut = label('passwd_cut_line');
  const last = label('passwd_last_line');
  const long = label('passwd_long_line');
  const over = label('passwd_over');
  const none = label('home_unknown');
  const done = label('home_known');
  const within = { buffer: file, length: end };
  return {
    entry,
    find: operation({ kind: 'look-up-home', uid, because: rule('HOME is not set') }, [
      // A FIFO or device must not stop us; nor may one feed us for ever.
      // And no link of /proc may lead us, who still have all rights, to what the user could not read.
      sys('openat2', [AT_FDCWD, text('/etc/passwd'), how, how.size], { to: fd, on: [unavailable, none] }),
      sys('statx', [fd, text(''), AT_EMPTY_PATH, STATX_TYPE, stat]),
      load(type, 'U16', stat, Statx.MODE),
      alu(type, type, 'AND', S_IFMT),
      branch(type, 'NE', S_IFREG, none),
      again,
      ...fill(fd, file, size, none),
      move(at, 0),
      line,
      branch(at, 'GE', size, over),
      scan(
        'FIND',
        { buffer: file, length: size, start: at, byte: NEWLINE },
        { to: end, on: [['ENOENT'], cut] },
      ),
      jump(whole),
      cut,
      branch(size, 'LT', MOST, last),
      branch(at, 'EQ', 0, long),
      // The buffer ends within a line: once more from its beginning.
      alu(back, at, 'SUB', size),
      sys('lseek', [fd, back, SEEK_CUR]),
      jump(again),
      long,
      fail(errnos.EFBIG.number),
      over,
      branch(size, 'LT', MOST, none),
      jump(again),
      last,
      move(end, size),
      whole,
      scan('SKIP', { ...within, start: at, byte: COLON, count: 2 }, { to: place, on: [['ENOENT'], next] }),
      scan('NUMBER', { ...within, start: place }, { to: found, on: [['EINVAL', 'ERANGE'], next] }),
      branch(found, 'NE', uid, next),
      scan('SKIP', { ...within, start: place, byte: COLON, count: 3 }, { to: place, on: [['ENOENT'], next] }),
      scan('FIND', { ...within, start: place, byte: COLON }, { to: found, on: [['ENOENT'], next] }),
      alu(cell(home, 1), found, 'SUB', place),
      branch(cell(home, 1), 'EQ', 0, none),
      alu(home, place, 'ADD', file),
      format(entry, ['HOME=', field(TemplateField.BYTES, home)]),
      jump(done),
      next,
      alu(at, end, 'ADD', 1),
      jump(line),
      none,
      format(entry, ['HOME=/']),
      done,
    ]),
  };
}
