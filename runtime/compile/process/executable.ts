/**
 * The command: its environment, its place in PATH, and at last execve(2).
 */
import { errnos } from '../../../spec/errno.js';
import { TemplateField } from '../../../spec/instructions.js';
import type { NormalProcess } from '../../../spec/normal-config.js';
import type { Action } from '../../program/action.js';
import { when } from '../../program/control.js';
import { type Data, field, label, ref, vector } from '../../program/operand.js';
import { fail, sys } from '../../program/step.js';
import { operation } from '../idioms/operation.js';
import type { ProcessLaunch } from '../launch/launch.js';
import type { Home } from './home.js';
import { search } from './search.js';

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

/** Find args[0] at create time, as the user of the process; then execve(2). */
export function executable(
  process: NormalProcess,
  environment: readonly string[],
  home: Home | null,
  { cells }: Pick<ProcessLaunch, 'cells'>,
  because: ReturnType<ProcessLaunch['because']>,
): Executable {
  // Without it nothing is searched, as with runc and crun: a C library's own idea of it is not the image's.
  const path = environment.findLast(e => e.startsWith('PATH='))?.slice(5) ?? '';
  const { lines, found, refused } = search(cells.arg0, path);
  const file = process.args[0];
  const shown = { shown: [field(TemplateField.STRING, cells.arg0)] };
  const noInterpreter = label('no_interpreter');
  const variables = vector('environment', home ? [...environment, home.entry] : environment);
  return {
    environment: variables,
    find: [
      operation({ kind: 'find-executable', file, path, because }, lines, shown),
      operation({ kind: 'check-executable', file, because }, when(refused, 'NE', 0, [fail(refused)]), shown),
    ],
    exec: [
      operation(
        { kind: 'execute', args: process.args, because },
        [sys('execve', [found, ref(cells.args), variables], { on: [['ENOENT'], noInterpreter] })],
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
