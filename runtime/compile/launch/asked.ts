/**
 * A compiled executable gets its options when it runs, long after it was compiled: what create and run know beforehand are branches in its program.
 */
import { errnos } from '../../../spec/errno.js';
import type { Action } from '../../program/action.js';
import { when } from '../../program/control.js';
import type { Slot } from '../../program/operand.js';
import { fail } from '../../program/step.js';
import { operation, withLines } from '../idioms/operation.js';
import { type Asked, type Launch, rule } from './launch.js';

/** The actions if the option was given: surely, perhaps or not at all. Text slots are -1 and numbers 0 without. */
export function ifAsked(asked: Asked, option: Slot, actions: readonly Action[]): readonly Action[] {
  return asked === true ? actions : asked === false ? [] : provided(option, 'GT', actions);
}

/** The actions if the option was not given. */
export function ifNotAsked(asked: Asked, option: Slot, actions: readonly Action[]): readonly Action[] {
  return asked === true ? [] : asked === false ? actions : provided(option, 'LE', actions);
}

/** Each action by itself, so that a failure and its undo steps belong to what was done. */
function provided(option: Slot, test: 'LE' | 'GT', actions: readonly Action[]): readonly Action[] {
  return actions.map(one => withLines(one, when(option, test, 0, one.lines)));
}

/** What create and run refuse before they compile. */
export function checkAsked(launch: Launch): readonly Action[] {
  const { options, cells, process } = launch;
  if (options.console !== 'at-run') return [];
  if (process.terminal !== true)
    return [
      operation(
        { kind: 'refuse-console-socket', because: rule('--console-socket') },
        when(cells.consoleSocket, 'GT', 0, [fail(errnos.EINVAL.number)]),
      ),
    ];
  return [
    operation(
      { kind: 'need-terminal-receiver', because: rule('--detach') },
      when(cells.detach, 'NE', 0, when(cells.consoleSocket, 'LE', 0, [fail(errnos.EINVAL.number)])),
    ),
  ];
}
