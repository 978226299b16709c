/**
 * The container's group in resctrl, for the allocation of caches and memory bandwidth (config-linux.md, "IntelRdt"; Linux, Documentation/filesystems/resctrl.rst). A group is a
 * directory: mkdir makes it, `schemata` holds what is allocated, whoever is written into `tasks` is in it, with all that it starts from then on.
 *
 * Whether a group with the name is there, and as it is asked for, has been seen when the program is compiled. One that was there is never removed; one that we made goes with the
 * container, unless others have come into it under its name.
 */
import type { ResctrlFacts } from '../../../spec/host-facts.js';
import { TemplateField } from '../../../spec/instructions.js';
import { AT_FDCWD, AT_REMOVEDIR, type OpenFlags, S_IFREG } from '../../../spec/kernel.js';
import type { NormalIntelRdt } from '../../../spec/normal-config.js';
import { DEFAULT_GROUP, differingLine } from '../../../spec/resctrl.js';
import type { Action, Because } from '../../program/action.js';
import { ignoring, when } from '../../program/control.js';
import {
  buffer,
  characters,
  type Field,
  field,
  type Slot,
  slot,
  type Template,
  templateBound,
  text,
} from '../../program/operand.js';
import { format, type Line, move, sys } from '../../program/step.js';
import { operation } from '../idioms/operation.js';
import type { Launch, ProcessLaunch } from '../launch/launch.js';
import type { Refuse } from '../launch/refusal.js';

/** A file of the state directory: the group is the container's own. Written down before it is made. */
const MADE = 'resctrl';

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
      ...makeMonitor(place, because),
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
  const made = slot('resctrl_made');
  const { path, named } = at('resctrl_group', place.group);
  return operation(
    { kind: 'make-resctrl-group', path: place.shown, because },
    [
      named,
      sys('mknodat', [cells.stateFd, text(MADE), S_IFREG | 0o600, 0]),
      sys('mkdirat', [AT_FDCWD, path, 0o755]),
      move(made, 1),
    ],
    { undo: when(made, 'NE', 0, removeGroup(open, place, asked)) },
  );
}

function makeMonitor({ monitor, shown }: Place, because: Because): readonly Action[] {
  if (monitor === null) return [];
  const made = slot('resctrl_monitor_made');
  const { path, named } = at('resctrl_monitor', monitor);
  return [
    operation(
      { kind: 'make-resctrl-group', path: `${shown}/mon_groups/ID`, because },
      [named, sys('mkdirat', [AT_FDCWD, path, 0o755]), move(made, 1)],
      { undo: when(made, 'NE', 0, [named, ...remove(path)]) },
    ),
  ];
}

function remove(path: ReturnType<typeof buffer>): readonly Line[] {
  return ignoring(['ENOENT'], gone => [sys('unlinkat', [AT_FDCWD, path, AT_REMOVEDIR], gone)]);
}

/** Under a name that others may know, they may have come into it: then it is theirs. */
function removeGroup(open: OpenFlags, { group }: Place, { closId }: NormalIntelRdt): readonly Line[] {
  const { path, named } = at('resctrl_old_group', group);
  if (closId === null) return [named, ...remove(path)];
  const tasks = at('resctrl_old_tasks', group, '/tasks');
  const fd = slot('resctrl_old_fd');
  const count = slot('resctrl_old_count');
  return ignoring(['ENOENT'], gone => [
    named,
    tasks.named,
    sys('openat', [AT_FDCWD, tasks.path, open.RDONLY | open.CLOEXEC, 0], { to: fd, ...gone }),
    sys('read', [fd, buffer('resctrl_old_task', 8), 1], { to: count }),
    sys('close', [fd]),
    ...when(count, 'EQ', 0, [sys('unlinkat', [AT_FDCWD, path, AT_REMOVEDIR], gone)]),
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
  const place = placeOf(facts.resctrl, asked, idField(id));
  const monitor = place.monitor === null ? null : at('resctrl_old_monitor', place.monitor);
  return [
    // It is called as the container: nobody else's.
    ...(monitor === null ? [] : [monitor.named, ...remove(monitor.path)]),
    ...ignoring(['ENOENT'], others => [
      sys('faccessat2', [stateDir, text(MADE), 0, 0], others),
      ...removeGroup(open, place, asked),
    ]),
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
