/** The scope of a container: started with init in it. systemd makes the cgroups; what is in them is looked at, not believed. */
import { errnos } from '../../../../spec/errno.js';
import { TemplateField } from '../../../../spec/instructions.js';
import { AT_FDCWD } from '../../../../spec/kernel.js';
import type { Action } from '../../../program/action.js';
import { ignoring, repeat, when } from '../../../program/control.js';
import { buffer, field, ref, type Slot, slot } from '../../../program/operand.js';
import { alu, branch, call, fail, format, jump, move, scan, sys } from '../../../program/step.js';
import { answersForSomebody, answersFromElsewhere } from '../../../report/operations/systemd.js';
import { operation } from '../../idioms/operation.js';
import { type Launch, rule } from '../../launch/launch.js';
import type { Manager } from './manager.js';
import { createSpeech, uidOf, unitField } from './outcome.js';
import { type ScopePlan, systemdsOwn } from './plan.js';

/** How far a launch is with its scope. */
export interface ScopeCells {
  readonly pid: Slot;
  readonly asked: Slot;
  readonly taken: Slot;
}

/** systemd is there. The connection stays open; a signal ends the waiting, once they are held back. */
export function reachSystemd(launch: Launch, m: Manager): Action {
  const { sockets, passedOver } = launch.options.systemd;
  const because = rule('--systemd-cgroup');
  const speech = createSpeech(because);
  return operation(
    {
      kind: 'reach-systemd',
      sockets: sockets.map(({ path }) => path.replace('\0', '@')),
      ...(passedOver ? { passedOver } : {}),
      because,
    },
    [
      move(m.connection.interrupts, launch.cells.interrupts.fd),
      call(m.reach),
      ...when(m.peer.isStranger, 'NE', 0, [
        ...speech.say(answersForSomebody(uidOf(m))),
        speech.fail(errnos.EPERM.number),
      ]),
      ...when(m.connection.problem, 'NE', 0, [fail(m.connection.problem)]),
      ...when(m.peer.pid, 'EQ', 0, [...speech.say(answersFromElsewhere), speech.fail(errnos.ESRCH.number)]),
    ],
  );
}

/** A line of /proc/PID/cgroup names the scope: that of v2, or that of systemd's own hierarchy. From then on whatever is in it is the container's (`taken`). */
export function checkScope(
  launch: Launch,
  plan: ScopePlan,
  { pid, taken }: Pick<ScopeCells, 'pid' | 'taken'>,
): readonly Action[] {
  const { open } = launch;
  const d = systemdsOwn(plan);
  if (d === undefined) return [];
  const path = buffer('cgroup_file', 40);
  const content = buffer('cgroup_text', 8192);
  const wanted = buffer('cgroup_wanted', 4096);
  const [fd, size, length] = [slot('cgroup_file_fd'), slot('cgroup_text_size'), slot('wanted_size')];
  const [at, end, is] = [slot('line_at'), slot('line_end'), slot('line_is')];
  const [first = '', ...rest] = d.path;
  const below = typeof first === 'string' ? first.slice(d.hierarchy.mount.length) : '';
  return [
    operation(
      {
        kind: 'check-scope',
        path: d.path.map(part => (typeof part === 'string' ? part : 'ID')).join(''),
        because: rule('systemd is not believed'),
      },
      [
        format(wanted, [d.version === 2 ? ':' : 'name=systemd:', below, ...rest, '\n'], { to: length }),
        format(path, ['/proc/', field(TemplateField.DECIMAL, pid), '/cgroup']),
        sys('openat', [AT_FDCWD, path, open.RDONLY | open.CLOEXEC, 0], { to: fd }),
        sys('read', [fd, content, content.size], { to: size }),
        sys('close', [fd]),
        ...ignoring(['ENOENT'], none => [
          ...repeat(({ again, leave }) => [
            scan(
              'SKIP',
              { buffer: content, length: size, start: at, byte: 0x3a, count: 1 },
              { to: at, ...none },
            ),
            alu(end, at, 'ADD', length),
            ...when(end, 'LE', size, [
              alu(end, at, 'ADD', content),
              scan('EQUAL', { buffer: ref(end), length, start: wanted }, { to: is }),
              branch(is, 'NE', 0, leave),
            ]),
            scan(
              'SKIP',
              { buffer: content, length: size, start: at, byte: 0x0a, count: 1 },
              { to: at, ...none },
            ),
            jump(again),
          ]),
        ]),
        ...when(is, 'EQ', 0, [fail(errnos.ENOENT.number)]),
        move(taken, 1),
      ],
      { shown: [unitField(plan)] },
    ),
  ];
}
