/**
 * The container's group in resctrl, for the allocation of caches and memory bandwidth (config-linux.md, "IntelRdt"; Linux, Documentation/filesystems/resctrl.rst). A group is a
 * directory: mkdir makes it, `schemata` holds what is allocated, whoever is written into `tasks` is in it, with all that it starts from then on.
 *
 * Whether a group with the name is there, and as it is asked for, has been seen when the program is compiled. One that was there is never removed; one that we made goes with the
 * container, unless others have come into it under its name.
 *
 * That we made it is written down twice: before, that it is going to be made, and behind, its number. A launch that was killed in between knows its group by a mark, a bit of the
 * mode that mkdir(2) gives it in the same moment: others make theirs without it. Who takes the name between the two of a killed launch is left alone; only
 * another container of ours, whose mark is the same, loses the group if nobody is in it, and one that has not gone in yet does not start.
 */
import type { ResctrlFacts } from '../../../spec/host-facts.js';
import { TemplateField } from '../../../spec/instructions.js';
import {
  AT_FDCWD,
  AT_REMOVEDIR,
  AT_SYMLINK_NOFOLLOW,
  type OpenFlags,
  S_IFREG,
  S_ISVTX,
  STATX_BASIC_STATS,
  Statx,
} from '../../../spec/kernel.js';
import type { NormalIntelRdt } from '../../../spec/normal-config.js';
import { DEFAULT_GROUP, differingLine } from '../../../spec/resctrl.js';
import type { Action, Because } from '../../program/action.js';
import { attempt, ignoring, when } from '../../program/control.js';
import {
  buffer,
  characters,
  type Data,
  type Field,
  field,
  type Slot,
  slot,
  type Template,
  templateBound,
  text,
} from '../../program/operand.js';
import { alu, format, type Line, load, move, sys } from '../../program/step.js';
import { type DirectoryRecord, directoryRecord } from '../idioms/directory-record.js';
import { operation } from '../idioms/operation.js';
import type { Launch, ProcessLaunch } from '../launch/launch.js';
import type { Refuse } from '../launch/refusal.js';

/** Of a group for what is allocated, or for what is measured: the files of the state directory that say that it is ours, and what its cells are called. */
interface Kept {
  readonly intent: string;
  readonly number: string;
  readonly name: string;
}

const GROUP: Kept = { intent: 'resctrl', number: 'resctrl-number', name: 'resctrl_group' };
const MONITOR: Kept = {
  intent: 'resctrl-monitor',
  number: 'resctrl-monitor-number',
  name: 'resctrl_monitor',
};

/** The mark is the sticky bit, which means nothing to resctrl. */
const MARKED = S_ISVTX | 0o755;

interface Place {
  /** Of the group; with the id, if it is called as the container. */
  readonly group: Template;
  /** Of the group for what is measured; null: none. */
  readonly monitor: Template | null;
  /** As explain shows it. */
  readonly shown: string;
}

type Id = Field | string;

function placeOf({ mount }: ResctrlFacts, { closId, monitoring }: NormalIntelRdt, id: Id): Place {
  const name = closId === DEFAULT_GROUP ? [] : ['/', closId ?? id];
  const group = [mount, ...name];
  return {
    group,
    monitor: monitoring ? [...group, '/mon_groups/', id] : null,
    shown: group.map(part => (typeof part === 'string' ? part : 'ID')).join(''),
  };
}

const idField = (id: Slot): Field => field(TemplateField.STRING, id);

function at(
  name: string,
  template: Template,
  file = '',
): { readonly path: ReturnType<typeof buffer>; readonly named: Line } {
  const whole = [...template, file];
  const path = buffer(name, templateBound(whole));
  return { path, named: format(path, whole) };
}

function write(
  open: OpenFlags,
  template: Template,
  file: string,
  content: Parameters<typeof sys>[1],
  name: string,
): readonly Line[] {
  const fd = slot(`${name}_fd`);
  const { path, named } = at(name, template, `/${file}`);
  return [
    named,
    sys('openat', [AT_FDCWD, path, open.WRONLY | open.CLOEXEC, 0], { to: fd }),
    sys('write', [fd, ...content]),
    sys('close', [fd]),
  ];
}

function setSchemata(
  open: OpenFlags,
  { group, shown }: Place,
  lines: readonly string[],
  because: Because,
): readonly Action[] {
  if (lines.length === 0) return [];
  const content = characters('schemata', lines.map(line => `${line}\n`).join(''));
  return [
    operation(
      { kind: 'set-schemata', path: shown, lines, because },
      write(open, group, 'schemata', [content, content.size], 'schemata'),
    ),
  ];
}

export interface NewResctrlGroup {
  /** Host track, the state directory being there. */
  readonly make: readonly Action[];
  /** Host track, while init waits. */
  readonly enter: readonly Action[];
}

/** Of `create` and `run`. */
export function newResctrlGroup(launch: Launch, refuse: Refuse): NewResctrlGroup {
  const { config, cells, facts, open } = launch;
  const asked = config.linux.intelRdt;
  if (asked === null) return { make: [], enter: [] };
  const because = launch.because('linux', 'intelRdt');
  const { resctrl } = facts;
  if (resctrl === undefined) {
    refuse(because, { kind: 'no-resctrl' });
    return { make: [], enter: [] };
  }
  const place = placeOf(resctrl, asked, idField(cells.id));
  const isThere = resctrl.group !== null;
  if (asked.closId !== null && !isThere && asked.schemata.length === 0)
    refuse(because, { kind: 'no-resctrl-group', path: place.shown });
  const line = resctrl.group === null ? null : differingLine(asked.schemata, resctrl.group.schemata);
  if (line !== null) refuse(because, { kind: 'other-schemata', path: place.shown, line });
  const number = buffer('resctrl_task', 24);
  const length = slot('resctrl_task_length');
  return {
    make: [
      ...(isThere ? [] : [makeGroup(launch, place, asked, because)]),
      ...(isThere ? [] : setSchemata(open, place, asked.schemata, because)),
      ...makeMonitor(launch, place, because),
    ],
    enter: [
      operation({ kind: 'enter-resctrl-group', path: place.shown, because }, [
        format(number, [field(TemplateField.DECIMAL, cells.pid)], { to: length }),
        ...enter(open, place, [number, length]),
      ]),
    ],
  };
}

function enter(open: OpenFlags, { group, monitor }: Place, task: Parameters<typeof sys>[1]): readonly Line[] {
  return [
    ...write(open, group, 'tasks', task, 'resctrl_tasks'),
    ...(monitor === null ? [] : write(open, monitor, 'tasks', task, 'resctrl_monitor_tasks')),
  ];
}

function makeGroup({ cells, open }: Launch, place: Place, asked: NormalIntelRdt, because: Because): Action {
  const group = own(cells.stateFd, place.group, GROUP);
  return operation({ kind: 'make-resctrl-group', path: place.shown, because }, group.make, {
    undo: when(group.made, 'NE', 0, [
      group.named,
      // Under a name that others may know, they may have come into it: then it is theirs.
      ...(asked.closId === null ? remove(group.path) : removeUnused(open, place.group, group.path)),
    ]),
  });
}

function makeMonitor({ cells }: Launch, { monitor, shown }: Place, because: Because): readonly Action[] {
  if (monitor === null) return [];
  const group = own(cells.stateFd, monitor, MONITOR);
  return [
    operation({ kind: 'make-resctrl-group', path: `${shown}/mon_groups/ID`, because }, group.make, {
      undo: when(group.made, 'NE', 0, [group.named, ...remove(group.path)]),
    }),
  ];
}

interface Own {
  readonly path: Data;
  readonly named: Line;
  /** 1 once it is made. */
  readonly made: Slot;
  readonly make: readonly Line[];
  readonly record: DirectoryRecord;
}

function own(stateDir: Slot, template: Template, { intent, number, name }: Kept): Own {
  const { path, named } = at(name, template);
  const made = slot(`${name}_made`);
  const record = directoryRecord(name, stateDir, number, path);
  const make = [
    named,
    sys('mknodat', [stateDir, text(intent), S_IFREG | 0o600, 0]),
    sys('mkdirat', [AT_FDCWD, path, MARKED]),
    move(made, 1),
    ...record.write,
  ];
  return { path, named, made, make, record };
}

function remove(path: Data): readonly Line[] {
  return ignoring(['ENOENT'], gone => [sys('unlinkat', [AT_FDCWD, path, AT_REMOVEDIR], gone)]);
}

/** Unless somebody is in it. */
function removeUnused(open: OpenFlags, template: Template, path: Data): readonly Line[] {
  const tasks = at('resctrl_old_tasks', template, '/tasks');
  const fd = slot('resctrl_old_fd');
  const count = slot('resctrl_old_count');
  return ignoring(['ENOENT'], gone => [
    tasks.named,
    sys('openat', [AT_FDCWD, tasks.path, open.RDONLY | open.CLOEXEC, 0], { to: fd, ...gone }),
    sys('read', [fd, buffer('resctrl_old_task', 8), 1], { to: count }),
    sys('close', [fd]),
    ...when(count, 'EQ', 0, [sys('unlinkat', [AT_FDCWD, path, AT_REMOVEDIR], gone)]),
  ]);
}

/** If it is ours. `shared`: others may know its name, and be in it. */
function removeOwn(
  open: OpenFlags,
  stateDir: Slot,
  template: Template,
  kept: Kept,
  shared: boolean,
): readonly Line[] {
  const { path, named, record } = own(stateDir, template, kept);
  const is = slot(`${kept.name}_is_ours`);
  const mode = slot(`${kept.name}_mode`);
  const unused = (): readonly Line[] => removeUnused(open, template, path);
  return ignoring(['ENOENT'], none => [
    sys('faccessat2', [stateDir, text(kept.intent), 0, 0], none),
    named,
    ...attempt(
      ['ENOENT'],
      unknown => [...record.compare(is, unknown), ...when(is, 'NE', 0, shared ? unused() : remove(path))],
      [
        sys('statx', [AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, record.stat], none),
        load(mode, 'U16', record.stat, Statx.MODE),
        alu(mode, mode, 'AND', S_ISVTX),
        ...when(mode, 'NE', 0, unused()),
      ],
    ),
  ]);
}

/** Of `delete`, and of the end of `run`: all of the container have ended. `stateDir`: the opened ROOT/ID. */
export function removeResctrlGroup(
  { config, facts, open }: Launch,
  stateDir: Slot,
  id: Slot,
): readonly Line[] {
  const asked = config.linux.intelRdt;
  if (asked === null || facts.resctrl === undefined) return [];
  const { group, monitor } = placeOf(facts.resctrl, asked, idField(id));
  return [
    ...(monitor === null ? [] : removeOwn(open, stateDir, monitor, MONITOR, false)),
    ...removeOwn(open, stateDir, group, GROUP, asked.closId !== null),
  ];
}

/** Of `exec`, in the process itself while it has the rights of the host: 0 stands for whoever writes it. */
export function joinResctrlGroup(launch: ProcessLaunch, id: string): readonly Action[] {
  const { config, facts, open } = launch;
  const asked = config.linux.intelRdt;
  if (asked === null || facts.resctrl === undefined) return [];
  const place = placeOf(facts.resctrl, asked, id);
  const because = launch.because('linux', 'intelRdt');
  return [
    operation(
      { kind: 'enter-resctrl-group', path: place.shown, because },
      enter(open, place, [text('0'), 1]),
    ),
  ];
}

/** Of `update`: other lines for the group of the container, whoever made it. */
export function changeSchemata(
  launch: Launch,
  id: Slot,
  lines: readonly string[],
  because: Because,
): readonly Action[] {
  const asked = launch.config.linux.intelRdt;
  const { resctrl } = launch.facts;
  if (asked === null || resctrl === undefined) return [];
  return setSchemata(launch.open, placeOf(resctrl, asked, idField(id)), lines, because);
}
