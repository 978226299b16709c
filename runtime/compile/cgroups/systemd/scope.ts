/** The scope of a container: started with init in it. systemd makes the cgroups; what is in them is looked at, not believed. */
import { errnos } from '../../../../spec/errno.js';
import { TemplateField } from '../../../../spec/instructions.js';
import { AT_FDCWD } from '../../../../spec/kernel.js';
import type { NormalResources } from '../../../../spec/normal-resources.js';
import type { Action } from '../../../program/action.js';
import { ignoring, repeat, when } from '../../../program/control.js';
import {
  buffer,
  bytes,
  cell,
  changeable,
  type Field,
  field,
  ref,
  type Slot,
  slot,
  type Template,
  text,
} from '../../../program/operand.js';
import {
  alu,
  branch,
  call,
  fail,
  failVerbatim,
  format,
  jump,
  type Line,
  move,
  scan,
  store,
  sys,
} from '../../../program/step.js';
import {
  type Asked,
  jobFailed,
  problemWords,
  refused,
  UNIT_DESCRIPTION,
} from '../../../report/operations/systemd.js';
import { marshal } from '../../bus/marshal.js';
import { operation } from '../../idioms/operation.js';
import { type Launch, rule } from '../../launch/launch.js';
import type { CgroupDirectory } from '../driver.js';
import { createManager, type Manager, nothing, Verdict } from './manager.js';
import { insistOnPeer } from './peer.js';
import type { ScopePlan } from './plan.js';
import { limitProperties, marshalProperties, scopeProperties } from './properties.js';
import { shownUnit, type UnitName } from './unit.js';
import { anyDescription, numberDescription } from './whose.js';

/** What is shown of an answer at most. */
const SHOWN = 400;

export const unitField = ({ unit }: ScopePlan): Field => field(TemplateField.STRING, unit);

const problems = ['ETIMEDOUT', 'EPROTO', 'ECONNRESET', 'EPIPE'] as const;

/** Fail with what came instead of a job that was done. */
function failUnlessDone(m: Manager, unit: Field, asked: Asked): readonly Line[] {
  const words = buffer('systemd_words', 4 * SHOWN);
  const size = slot('systemd_words_size');
  const say = (errno: number, template: Template): readonly Line[] => [
    format(words, template, { to: size }),
    failVerbatim(errno, words, size),
  ];
  const shorten = (of: Slot): readonly Line[] => when(cell(of, 1), 'GT', SHOWN, [move(cell(of, 1), SHOWN)]);
  const found = (of: Slot): Field => field(TemplateField.BYTES, of);
  return [
    ...[m.refusal, m.why, m.result].flatMap(shorten),
    ...when(
      m.verdict,
      'EQ',
      Verdict.REFUSED,
      say(errnos.EACCES.number, refused(asked, unit, found(m.refusal), found(m.why))),
    ),
    ...when(
      m.verdict,
      'EQ',
      Verdict.JOB_FAILED,
      say(errnos.EIO.number, jobFailed(asked, unit, found(m.result))),
    ),
    ...when(m.verdict, 'NE', Verdict.DONE, [
      ...problems.flatMap(name =>
        when(
          m.connection.problem,
          'EQ',
          errnos[name].number,
          say(errnos[name].number, problemWords(asked, unit, name)),
        ),
      ),
      fail(m.connection.problem),
    ]),
  ];
}

const multiple = (n: number, of: number): number => Math.ceil(n / of) * of;

/** StartTransientUnit: name, mode, properties, units beside it. */
function startUnit(launch: Launch, m: Manager, plan: ScopePlan, name: UnitName, pid: Slot): readonly Line[] {
  const version = plan.directories.some(d => d.version === 1) ? 1 : 2;
  const pids = marshalProperties([{ name: 'PIDs', type: 'au', value: [0] }]);
  const others = marshalProperties([
    ...scopeProperties(name.slice, version),
    ...limitProperties(launch.config.linux.resources, version),
    // Whoever asks for a property has the last word.
    ...launch.config.unitProperties,
  ]);
  const between = Buffer.alloc(multiple(pids.length, 8) - pids.length);
  const array = Buffer.concat([pids, between, others]);
  // The array of units beside it is empty, and padded like one that is not.
  const none = Buffer.alloc(multiple(multiple(array.length, 4) + 4, 8) - array.length);
  const all = Buffer.concat([array, none]);
  const properties = changeable('properties', all);
  const number = all.indexOf(anyDescription) + UNIT_DESCRIPTION.length;
  const size = Buffer.alloc(4);
  size.writeUInt32LE(array.length);
  const first = Buffer.concat([marshal('s', ['replace']), size]);
  return [
    store('U32', properties, pids.length - 4, pid),
    ...numberDescription(launch.cells.stateFd, properties, number),
    ...m.ask('StartTransientUnit', 'ssa(sv)a(sa(sv))', plan.unit, { first, second: properties }, true),
  ];
}

/** One of that name that has failed stands in the way until it is forgotten. */
function isTaken(m: Manager, is: Slot): readonly Line[] {
  const taken = 'org.freedesktop.systemd1.UnitExists';
  return [
    move(is, 0),
    ...when(m.verdict, 'EQ', Verdict.REFUSED, [
      ...when(cell(m.refusal, 1), 'EQ', taken.length, [
        scan('EQUAL', { buffer: ref(m.refusal), length: taken.length, start: text(taken) }, { to: is }),
      ]),
    ]),
  ];
}

export const forget = (m: Manager, plan: ScopePlan): readonly Line[] =>
  m.ask('ResetFailedUnit', 's', plan.unit, nothing, false);

/** How far a launch is with its scope. */
export interface ScopeCells {
  readonly pid: Slot;
  readonly asked: Slot;
  readonly taken: Slot;
}

/** Before anything is made: systemd is there. The connection stays open. */
export function reachSystemd(launch: Launch, m: Manager): Action {
  const { sockets } = launch.options.systemd;
  return operation(
    {
      kind: 'reach-systemd',
      sockets: sockets.map(({ path }) => path.replace('\0', '@')),
      because: rule('--systemd-cgroup'),
    },
    [
      call(m.connection.open),
      ...when(m.connection.problem, 'NE', 0, [fail(m.connection.problem)]),
      ...insistOnPeer(m.connection.fd, launch.facts.userNamespace !== null),
    ],
  );
}

/** Between clone3(2) and go. `asked` becomes 1 before systemd is: from then on the scope may be there, or come. */
export function startScope(
  launch: Launch,
  m: Manager,
  plan: ScopePlan,
  name: UnitName,
  { pid, asked }: Pick<ScopeCells, 'pid' | 'asked'>,
): Action {
  const tries = slot('scope_tries');
  const is = slot('unit_is_taken');
  const because =
    launch.config.linux.cgroupsPath !== null
      ? launch.because('linux', 'cgroupsPath')
      : rule('--systemd-cgroup');
  return operation({ kind: 'start-scope', unit: shownUnit(name), slice: name.slice, because }, [
    move(m.connection.interrupts, launch.cells.interrupts.fd),
    move(asked, 1),
    ...repeat(({ again, leave }) => [
      ...startUnit(launch, m, plan, name, pid),
      ...isTaken(m, is),
      branch(is, 'EQ', 0, leave),
      branch(tries, 'GT', 0, leave),
      alu(tries, tries, 'ADD', 1),
      ...forget(m, plan),
      branch(m.connection.problem, 'NE', 0, leave),
      jump(again),
    ]),
    move(m.connection.interrupts, -1),
    ...failUnlessDone(m, unitField(plan), 'start'),
    call(m.connection.close),
  ]);
}

/** `update`: what systemd would otherwise write again. Where there is no systemd, nobody does. */
export function setProperties(
  launch: Launch,
  plan: ScopePlan,
  resources: NormalResources,
): readonly Action[] {
  const version = plan.directories.some(d => d.version === 1) ? 1 : 2;
  const properties = limitProperties(resources, version);
  if (properties.length === 0) return [];
  const m = createManager(launch.options.systemd, launch.cells.interrupts);
  const { problem } = m.connection;
  const marshalled = marshalProperties(properties);
  const first = Buffer.concat([marshal('b', [true]), Buffer.alloc(4)]);
  first.writeUInt32LE(marshalled.length, 4);
  const unit = plan.unitTemplate.join('');
  const tell = [
    ...m.ask(
      'SetUnitProperties',
      'sba(sv)',
      plan.unit,
      { first, second: bytes('properties', marshalled) },
      false,
    ),
    ...failUnlessDone(m, unitField(plan), 'change'),
    call(m.connection.close),
  ];
  return [
    operation(
      {
        kind: 'set-properties',
        unit,
        properties: properties.map(({ name }) => name),
        because: rule('update'),
      },
      [
        call(m.connection.open),
        ...when(problem, 'NE', errnos.ENOENT.number, [
          ...when(problem, 'NE', errnos.ECONNREFUSED.number, [
            ...when(problem, 'NE', 0, [fail(problem)]),
            ...tell,
          ]),
        ]),
      ],
    ),
  ];
}

/** That of v1 by which systemd finds processes, or that of v2. */
const systemdsOwn = ({ directories }: ScopePlan): CgroupDirectory | undefined =>
  directories.find(({ hierarchy }) => hierarchy.controllers.includes('name=systemd')) ??
  directories.find(({ version }) => version === 2);

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
