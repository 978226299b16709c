import { errnos } from '../../../spec/errno.js';
import { TemplateField } from '../../../spec/instructions.js';
import { type Action, action, type Track } from '../../program/action.js';
import { field, label } from '../../program/operand.js';
import { branch, call, exit, fail, jump } from '../../program/step.js';
import { Frost } from '../cgroups/driver.js';
import { rule } from '../launch/launch.js';
import {
  cannot,
  entryTrack,
  lock,
  NOT_RUNNING,
  notRunning,
  openContainer,
  readStatus,
  unless,
} from './container.js';
import { Status } from './context.js';
import type { Lifecycle } from './subroutines.js';

const DEADLINE_MS = 10_000;

/** As runc: what does not freeze in time is thawed again, and that is an error. */
function freezing(c: Lifecycle): readonly Action[] {
  const { groups } = c;
  const none = label('no_freezer');
  const asked = label('freezer_there');
  const id = field(TemplateField.STRING, c.id);
  const frozen = label('all_frozen');
  return [
    action(
      {
        title: 'freeze the cgroup',
        because: rule('pause'),
        words: cannot(c, 'pause container'),
      },
      [
        ...groups.freeze(none),
        jump(asked),
        none,
        fail(errnos.EOPNOTSUPP.number),
        asked,
        ...groups.untilFrozen(DEADLINE_MS),
      ],
    ),
    action(
      {
        title: 'see that all is frozen',
        because: rule('pause'),
        words: [
          'pause container `',
          id,
          `\`: not all of its processes could be frozen within ${DEADLINE_MS / 1000} s`,
        ],
      },
      [
        branch(groups.frost.frost, 'EQ', Frost.FROZEN, frozen),
        ...groups.thaw(),
        fail(errnos.EBUSY.number),
        frozen,
        exit(0),
      ],
    ),
  ];
}

function thawing(c: Lifecycle): readonly Action[] {
  const id = field(TemplateField.STRING, c.id);
  const running = label('all_thawed');
  return [
    action(
      {
        title: 'thaw the cgroup',
        because: rule('resume'),
        words: cannot(c, 'resume container'),
      },
      c.groups.thaw(),
    ),
    action(
      {
        title: 'see that it is thawed',
        because: rule('resume'),
        words: ['resume container `', id, '`: a cgroup above its own is frozen'],
      },
      [
        call(c.groups.frost.see),
        branch(c.groups.frost.frost, 'EQ', Frost.THAWED, running),
        fail(errnos.EBUSY.number),
        running,
        exit(0),
      ],
    ),
  ];
}

export function freezeTrack(c: Lifecycle, name: 'pause' | 'resume'): Track {
  const checks: readonly Action[] =
    name === 'pause'
      ? [
          unless(c, Status.PAUSED, 'is paused already'),
          notRunning(
            c,
            [Status.RUNNING, Status.CREATED, Status.STARTING],
            `cannot be paused: ${NOT_RUNNING}`,
          ),
        ]
      : [notRunning(c, [Status.PAUSED], 'is not paused')];
  return entryTrack(name, [
    openContainer(c),
    lock(c),
    readStatus(c),
    ...checks,
    ...(name === 'pause' ? freezing(c) : thawing(c)),
  ]);
}
