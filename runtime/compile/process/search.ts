/** The search for the command in PATH, as execvp(3) has it. The arguments may be replaced by the parameter ARGS, so it is part of the program. */
import { errnos, unavailable } from '../../../spec/errno.js';
import { TemplateField } from '../../../spec/instructions.js';
import { AT_EACCESS, AT_FDCWD, S_IFREG, STATX_TYPE, X_OK } from '../../../spec/kernel.js';
import { ignoring, repeat, when } from '../../program/control.js';
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
import {
  alu,
  branch,
  call,
  fail,
  format,
  jump,
  type Line,
  move,
  type Subroutine,
  scan,
  subroutine,
  sys,
} from '../../program/step.js';
import { fileType } from '../idioms/file-type.js';

const SLASH = '/'.charCodeAt(0);
const COLON = ':'.charCodeAt(0);
const EACCES = errnos.EACCES.number;

export interface Search {
  readonly lines: readonly Line[];
  /** The path that was found. */
  readonly found: Data;
  /** EACCES if there is a file of that name but it may not be executed, else 0. */
  readonly refused: Slot;
}

/** `arg0`: two cells, text. `path`: the value of PATH. */
export function search(arg0: Slot, path: string): Search {
  const candidate = buffer('executable', 4096, true);
  const status = slot('candidate_status');
  const check = checkCandidate(candidate, status);
  const refused = slot('exec_refused');
  const length = slots('arg0_length', 2);
  const slash = slots('exec_result', 2);
  const found = label('found');
  const foundInVain = label('found_in_vain');
  const missing = label('exec_missing');
  const byName = label('search_by_name');
  return {
    found: candidate,
    refused,
    lines: [
      scan('LENGTH', { buffer: ref(arg0) }, { to: length, on: [['ENOENT'], missing] }),
      branch(length, 'EQ', 0, missing),
      scan('FIND', { buffer: ref(arg0), length, byte: SLASH }, { to: slash, on: [['ENOENT'], byName] }),
      format(candidate, [field(TemplateField.STRING, arg0)]),
      call(check),
      branch(status, 'GE', 0, found),
      alu(refused, 0, 'SUB', status),
      branch(status, 'EQ', -EACCES, foundInVain),
      fail(refused),
      byName,
      ...eachCandidate(arg0, path, candidate, again => [
        call(check),
        branch(status, 'GE', 0, found),
        branch(status, 'NE', -EACCES, again),
        move(refused, EACCES),
      ]),
      branch(refused, 'EQ', EACCES, foundInVain),
      missing,
      fail(errnos.ENOENT.number),
      found,
      move(refused, 0),
      foundInVain,
    ],
  };
}

/** One candidate: `status` is 0 or more if it is usable, else the negative errno why not. */
function checkCandidate(candidate: Data, status: Slot): Subroutine {
  const stat = buffer('executable_stat', 256);
  const mode = slot('executable_mode');
  return subroutine(
    'check_candidate',
    ignoring(unavailable, unusable => [
      sys('statx', [AT_FDCWD, candidate, 0, STATX_TYPE, stat], { to: status, ...unusable }),
      ...fileType(stat, mode),
      ...when(mode, 'NE', S_IFREG, [move(status, -EACCES), jump(unusable.on[1])]),
      sys('faccessat2', [AT_FDCWD, candidate, X_OK, AT_EACCESS], { to: status, ...unusable }),
    ]),
  );
}

/** `body` for `arg0` in each directory of `path`, which is written into `candidate`. */
function eachCandidate(
  arg0: Slot,
  path: string,
  candidate: Data,
  body: (again: ReturnType<typeof label>) => readonly Line[],
): readonly Line[] {
  // Each directory ends in a colon; an empty one is the current one, as execvp(3) has it.
  const each = path === '' ? [] : path.split(':').map(directory => `${directory || '.'}:`);
  const directories = text(each.join(''));
  const begin = slot('directory_begin');
  const end = slots('directory_end', 2);
  const base = slot('directories', directories);
  const directory = slots('directory', 2);
  return repeat(({ again, leave }) => [
    scan(
      'FIND',
      { buffer: directories, length: directories.size, start: begin, byte: COLON },
      { to: end, on: [['ENOENT'], leave] },
    ),
    alu(directory, base, 'ADD', begin),
    alu(cell(directory, 1), end, 'SUB', begin),
    alu(begin, end, 'ADD', 1),
    format(candidate, [field(TemplateField.BYTES, directory), '/', field(TemplateField.STRING, arg0)], {
      on: [['ENAMETOOLONG'], again],
    }),
    ...body(again),
  ]);
}
