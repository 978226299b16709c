/**
 * A compiled executable gets its options when it runs, long after it was compiled: what create and run know beforehand are branches in its program.
 */
import { errnos } from '../../../spec/errno.js';
import { type Action, action } from '../../program/action.js';
import { label, type Slot } from '../../program/operand.js';
import { branch, fail } from '../../program/step.js';
import { type Asked, type Launch, rule } from './launch.js';

/** The actions if the option was given: surely, perhaps or not at all. Text slots are -1 and numbers 0 without. */
export function ifAsked(asked: Asked, option: Slot, actions: readonly Action[]): readonly Action[] {
  return asked === true ? actions : asked === false ? [] : unless(option, 'LE', actions);
}

/** The actions if the option was not given. */
export function ifNotAsked(asked: Asked, option: Slot, actions: readonly Action[]): readonly Action[] {
  return asked === true ? [] : asked === false ? actions : unless(option, 'GT', actions);
}

/** Each action by itself, so that a failure and its undo steps belong to what was done. */
function unless(option: Slot, test: 'LE' | 'GT', actions: readonly Action[]): readonly Action[] {
  return actions.map(one => {
    const skipped = label('not_asked');
    return { ...one, lines: [branch(option, test, 0, skipped), ...one.lines, skipped] };
  });
}

/** What create and run refuse before they compile. */
export function checkAsked(launch: Launch): readonly Action[] {
  const { options, cells, process } = launch;
  if (options.console !== 'at-run') return [];
  const good = label('options_fit');
  if (process.terminal !== true)
    return [
      action(
        {
          title: 'without a terminal there is nothing to send to a console socket',
          because: rule('--console-socket'),
          words: ['--console-socket is given, but the program was compiled with process.terminal false'],
        },
        [branch(cells.consoleSocket, 'LE', 0, good), fail(errnos.EINVAL.number), good],
      ),
    ];
  return [
    action(
      {
        title: 'somebody receives the terminal',
        because: rule('--detach'),
        words: ['process.terminal is true, but nobody would receive the terminal; give --console-socket'],
      },
      [
        branch(cells.detach, 'EQ', 0, good),
        branch(cells.consoleSocket, 'GT', 0, good),
        fail(errnos.EINVAL.number),
        good,
      ],
    ),
  ];
}
