/**
 * The command: its environment, its place in PATH, and at last execve(2).
 */
import { errnos, unavailable } from '../../../spec/errno.js';
import { TemplateField } from '../../../spec/instructions.js';
import { AT_EACCESS, AT_FDCWD, S_IFMT, S_IFREG, STATX_TYPE, Statx, X_OK } from '../../../spec/kernel.js';
import type { NormalProcess } from '../../../spec/normal-config.js';
import type { Action } from '../../program/action.js';
import {
  buffer,
  cell,
  type Data,
  field,
  label,
  ref,
  slot,
  slots,
  text,
  vector,
} from '../../program/operand.js';
import {
  alu,
  branch,
  call,
  fail,
  format,
  jump,
  type Line,
  load,
  move,
  scan,
  subroutine,
  sys,
} from '../../program/step.js';
import { operation } from '../idioms/operation.js';
import type { ProcessLaunch } from '../launch/launch.js';
import type { Home } from './home.js';

/** Environment of the process: config.json's, then what the registry and the caller add; names set before are replaced. */
export function environmentOf(launch: ProcessLaunch): readonly string[] {
  const out = new Map<string, string>();
  const all = [...launch.variables, ...launch.process.env, ...launch.options.environmentEntries];
  for (const entry of all) out.set(entry.slice(0, entry.indexOf('=')), entry);
  return [...out.values()];
}

export interface Executable {
  readonly find: readonly Action[];
  readonly exec: readonly Action[];
  readonly environment: Data;
}

/**
 * Find args[0] in PATH as execvp(3) would, at create time, as the user of the process; then execve(2).
 * The arguments may be replaced by the parameter ARGS, so the search is part of the program.
 */
export function executable(
  process: NormalProcess,
  environment: readonly string[],
  home: Home | null,
  launch: Pick<ProcessLaunch, 'cells' | 'because' | 'open'>,
  because: ReturnType<ProcessLaunch['because']>,
): Executable {
  const { cells } = launch;
  // Without it nothing is searched, as with runc and crun: a C library's own idea of it is not the image's.
  const path = environment.findLast(e => e.startsWith('PATH='))?.slice(5) ?? '';
  const found = label('found');
  const foundInVain = label('found_in_vain');
  const refused = slot('exec_refused');
  const missing = label('exec_missing');
  const candidate = buffer('executable', 4096, true);
  const status = slot('candidate_status');
  const stat = buffer('executable_stat', 256);
  const mode = slot('executable_mode');
  const result = slots('exec_result', 2);
  const length = slots('arg0_length', 2);
  const SLASH = '/'.charCodeAt(0);
  const COLON = ':'.charCodeAt(0);

  const bad = label('bad_candidate');
  const regular = label('regular');
  // One candidate: 0 usable, else the errno why not.
  const check = subroutine('check_candidate', [
    sys('statx', [AT_FDCWD, candidate, 0, STATX_TYPE, stat], { to: status, on: [unavailable, bad] }),
    load(mode, 'U16', stat, Statx.MODE),
    alu(mode, mode, 'AND', S_IFMT),
    branch(mode, 'EQ', S_IFREG, regular),
    move(status, -errnos.EACCES.number),
    jump(bad),
    regular,
    sys('faccessat2', [AT_FDCWD, candidate, X_OK, AT_EACCESS], { to: status, on: [unavailable, bad] }),
    bad,
  ]);
  // Each directory ends in a colon; an empty one is the current one, as execvp(3) has it.
  const directories = text(
    path === ''
      ? ''
      : path
          .split(':')
          .map(directory => `${directory || '.'}:`)
          .join(''),
  );
  const begin = slot('directory_begin');
  const end = slots('directory_end', 2);
  const base = slot('directories', directories);
  const directory = slots('directory', 2);
  const next = label('next_directory');
  const last = label('last_directory');
  const lines: Line[] = [
    scan('LENGTH', { buffer: ref(cells.arg0) }, { to: length, on: [['ENOENT'], missing] }),
    branch(length, 'EQ', 0, missing),
    scan('FIND', { buffer: ref(cells.arg0), length, byte: SLASH }, { to: result, on: [['ENOENT'], next] }),
    format(candidate, [field(TemplateField.STRING, cells.arg0)]),
    call(check),
    branch(status, 'GE', 0, found),
    alu(refused, 0, 'SUB', status),
    branch(status, 'EQ', -errnos.EACCES.number, foundInVain),
    fail(refused),
    next,
    scan(
      'FIND',
      { buffer: directories, length: directories.size, start: begin, byte: COLON },
      { to: end, on: [['ENOENT'], last] },
    ),
    alu(directory, base, 'ADD', begin),
    alu(cell(directory, 1), end, 'SUB', begin),
    alu(begin, end, 'ADD', 1),
    format(candidate, [field(TemplateField.BYTES, directory), '/', field(TemplateField.STRING, cells.arg0)], {
      on: [['ENAMETOOLONG'], next],
    }),
    call(check),
    branch(status, 'GE', 0, found),
    branch(status, 'NE', -errnos.EACCES.number, next),
    move(refused, errnos.EACCES.number),
    jump(next),
    last,
  ];
  lines.push(branch(refused, 'EQ', errnos.EACCES.number, foundInVain), missing, fail(errnos.ENOENT.number));
  lines.push(found, move(refused, 0), foundInVain);
  const given = field(TemplateField.STRING, cells.arg0);
  const file = process.args[0];
  const shown = { shown: [given] };
  const usable = label('executable_usable');
  const noInterpreter = label('no_interpreter');
  const variables = vector('environment', home ? [...environment, home.entry] : environment);
  return {
    environment: variables,
    find: [
      operation({ kind: 'find-executable', file, path, because }, lines, shown),
      operation(
        { kind: 'check-executable', file, because },
        [branch(refused, 'EQ', 0, usable), fail(refused), usable],
        shown,
      ),
    ],
    exec: [
      operation(
        { kind: 'execute', args: process.args, because },
        [sys('execve', [candidate, ref(cells.args), variables], { on: [['ENOENT'], noInterpreter] })],
        shown,
      ),
      // The file itself was there a moment ago.
      operation(
        { kind: 'check-interpreter', file, because },
        [noInterpreter, fail(errnos.ENOENT.number)],
        shown,
      ),
    ],
  };
}
