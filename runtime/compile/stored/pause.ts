import { errnos } from '../../../spec/errno.js';
import { TemplateField } from '../../../spec/instructions.js';
import { action, failedErrno, type Track } from '../../program/action.js';
import { field, label } from '../../program/operand.js';
import { exit, fail } from '../../program/step.js';
import { rule } from '../launch.js';
import { entryTrack, lock, NOT_RUNNING, notRunning, openContainer, readStatus } from './container.js';
import { Status } from './context.js';
import { freezerOf, setFreezer } from './freezer.js';
import type { Lifecycle } from './subroutines.js';

export function freezeTrack(c: Lifecycle, name: 'pause' | 'resume'): Track {
  const freezer = freezerOf(c);
  const from = name === 'pause' ? Status.RUNNING : Status.PAUSED;
  const none = label('no_freezer');
  return entryTrack(name, [
    openContainer(c),
    lock(c),
    readStatus(c),
    notRunning(
      c,
      name === 'pause' ? [from, Status.CREATED] : [from],
      name === 'pause' ? `cannot be paused: ${NOT_RUNNING}` : 'is not paused',
    ),
    action(
      {
        title: name === 'pause' ? 'freeze the cgroup' : 'thaw the cgroup',
        because: rule(name),
        words: [
          `${name} container \``,
          field(TemplateField.STRING, c.id),
          '`: ',
          field(TemplateField.ERRNO, failedErrno),
        ],
      },
      freezer
        ? [
            ...setFreezer(c, freezer, name === 'pause' ? freezer.frozen : freezer.thawed, none),
            exit(0),
            none,
            fail(errnos.EOPNOTSUPP.number),
          ]
        : [fail(errnos.EOPNOTSUPP.number)],
    ),
  ]);
}
