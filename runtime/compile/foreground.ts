/** `run` without --detach: the command stays until the container ends, and then removes it. */
import type { Action } from '../program/action.js';
import { type Label, label, ref, type Slot } from '../program/operand.js';
import { branch, exit, type Line, move, supervise, walk } from '../program/step.js';
import { lockAgain, unlock } from './container/own-directory.js';

import { passedOn } from './idioms/interrupts.js';
import { operation } from './idioms/operation.js';
import { type Launch, rule } from './launch/launch.js';
import type { Contribution } from './launch/phases.js';

/** `removeCgroups`: all that is left of the groups, with whoever is in them. */
export function foregroundInLaunch(
  launch: Launch,
  rootFd: Slot,
  removeCgroups: readonly Line[],
): Contribution {
  const { cells, options } = launch;
  const end = label('end');
  const stays = options.entry === 'run' && options.detach !== true;
  return {
    host: {
      foreground: stays ? [stay(launch, rootFd, removeCgroups, end)] : [],
      end: [
        operation({ kind: 'end', because: rule(options.entry) }, [end, exit(stays ? cells.exitCode : 0)]),
      ],
    },
  };
}

function stay(launch: Launch, rootFd: Slot, removeCgroups: readonly Line[], end: Label): Action {
  const { cells, options } = launch;
  return operation({ kind: 'stay-in-foreground', because: rule('run') }, [
    ...(options.detach === 'at-run' ? [branch(cells.detach, 'NE', 0, end)] : []),
    // pause, resume and delete want the lock while the container runs.
    ...unlock(launch),
    supervise(cells.pidfd, cells.consoleFd, passedOn, cells.exitCode),
    branch(cells.keep, 'NE', 0, end),
    // Whoever holds it is at work on the container, and removes it in his turn; or `delete` will.
    ...lockAgain(launch, end, end),
    ...removeCgroups,
    // ROOT/ID goes last: while it is there, `delete` knows what to remove.
    walk('REMOVE_TREE', [rootFd, ref(cells.id), 0, 0]),
    move(cells.removed, 1),
  ]);
}
