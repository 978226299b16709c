import { errnos } from '../../../spec/errno.js';
import type { Action, Track } from '../../program/action.js';
import { when } from '../../program/control.js';
import { call, exit, fail } from '../../program/step.js';
import { Frost } from '../cgroups/driver.js';
import { operation } from '../idioms/operation.js';
import { rule } from '../launch/launch.js';
import { checkStatus, entryTrack, idOf, lock, openContainer, readStatus, refusePaused } from './container.js';
import { Status } from './context.js';
import type { Lifecycle } from './subroutines.js';

const DEADLINE_SECONDS = 10;

/** As runc: what does not freeze in time is thawed again, and that is an error. */
function freezing(c: Lifecycle): readonly Action[] {
  const { groups } = c;
  const because = rule('pause');
  return [
    operation(
      { kind: 'freeze', because },
      [...groups.freeze([fail(errnos.EOPNOTSUPP.number)]), ...groups.untilFrozen(DEADLINE_SECONDS * 1000)],
      idOf(c),
    ),
    operation(
      { kind: 'await-frozen', within: DEADLINE_SECONDS, because },
      [
        ...when(groups.frost.frost, 'NE', Frost.FROZEN, [...groups.thaw(), fail(errnos.EBUSY.number)]),
        exit(0),
      ],
      idOf(c),
    ),
  ];
}

function thawing(c: Lifecycle): readonly Action[] {
  const { frost, thaw } = c.groups;
  const because = rule('resume');
  return [
    operation({ kind: 'thaw', because }, thaw(), idOf(c)),
    operation(
      { kind: 'await-thawed', because },
      [call(frost.see), ...when(frost.frost, 'NE', Frost.THAWED, [fail(errnos.EBUSY.number)]), exit(0)],
      idOf(c),
    ),
  ];
}

export function pauseTrack(c: Lifecycle): Track {
  return entryTrack('pause', [
    openContainer(c),
    lock(c),
    readStatus(c),
    refusePaused(c, 'pause'),
    checkStatus(c, 'pause', [Status.RUNNING, Status.CREATED, Status.STARTING]),
    ...freezing(c),
  ]);
}

export function resumeTrack(c: Lifecycle): Track {
  return entryTrack('resume', [
    openContainer(c),
    lock(c),
    readStatus(c),
    checkStatus(c, 'resume', [Status.PAUSED]),
    ...thawing(c),
  ]);
}
