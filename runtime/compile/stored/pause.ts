import { errnos } from '../../../spec/errno.js';
import { TemplateField } from '../../../spec/instructions.js';
import { type Action, action, type Track } from '../../program/action.js';
import { field, label } from '../../program/operand.js';
import { branch, call, exit, fail, jump } from '../../program/step.js';
import { Frost, freeze, freezersOf, thaw, untilFrozen } from '../cgroups/freezer.js';
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
  const { open } = c.launch;
  const freezers = freezersOf(c.plan);
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
        ...freeze(open, freezers, none),
        jump(asked),
        none,
        fail(errnos.EOPNOTSUPP.number),
        asked,
        ...untilFrozen(c.sensor, DEADLINE_MS),
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
        branch(c.sensor.frost, 'EQ', Frost.FROZEN, frozen),
        ...thaw(open, freezers),
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
      thaw(c.launch.open, freezersOf(c.plan)),
    ),
    action(
      {
        title: 'see that it is thawed',
        because: rule('resume'),
        words: ['resume container `', id, '`: a cgroup above its own is frozen'],
      },
      [
        call(c.sensor.see),
        branch(c.sensor.frost, 'EQ', Frost.THAWED, running),
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
