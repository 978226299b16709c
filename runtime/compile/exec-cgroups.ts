/**
 * The cgroups that a process of `exec` goes into: the container's, or with --cgroup those below them. v1: it enters them itself; v2: clone3(2)
 * starts it there.
 */

import { errnos } from '../../spec/errno.js';
import type { CgroupHierarchy } from '../../spec/host-facts.js';
import { TemplateField } from '../../spec/instructions.js';
import { AT_FDCWD } from '../../spec/kernel.js';
import { type Action, action, failedErrno } from '../program/action.js';
import {
  buffer,
  cell,
  field,
  type Label,
  label,
  ref,
  type Slot,
  slot,
  slots,
  text,
} from '../program/operand.js';
import {
  alu,
  branch,
  call,
  fail,
  format,
  guard,
  jump,
  type Line,
  move,
  scan,
  subroutine,
  sys,
} from '../program/step.js';
import { type Freezer, Frost, type FrostSensor, frostSensor } from './cgroups/freezer.js';
import { type Launch, rule } from './launch.js';
import type { Refuse } from './refusal.js';

/** One --cgroup: a path below the container's cgroup, in the hierarchies of these controllers, or in all if there are none. */
export interface SubCgroup {
  readonly controllers: readonly string[];
  /** Without `..`. */
  readonly path: string;
}

export interface ExecCgroups {
  /** v2: the opened directory, for CLONE_INTO_CGROUP. */
  readonly unified: Slot | null;
  /** Host track: open it. */
  readonly open: readonly Action[];
  /** Track of the process: enter those of v1. */
  readonly enter: readonly Action[];
  /** Whether they are frozen; null: they cannot be. */
  readonly frost: FrostCheck | null;
}

export interface FrostCheck {
  readonly sensor: FrostSensor;
  /** Host track, behind `open`. */
  readonly check: Action;
}

interface Directory {
  readonly path: string;
  readonly hierarchy: CgroupHierarchy | undefined;
  readonly unified: boolean;
  /** Where --cgroup leads, from `path`. */
  readonly below: string;
}

function directoriesOf(
  launch: Launch,
  paths: readonly string[],
  given: readonly SubCgroup[],
): readonly Directory[] {
  const { cgroup } = launch.facts;
  const unified = cgroup.layout === 'hybrid' || cgroup.layout === 'v2' ? cgroup.unified : undefined;
  const v1 = cgroup.layout === 'v1' || cgroup.layout === 'hybrid' ? cgroup.hierarchies : [];
  return paths.map(path => {
    const one = v1.find(({ mount }) => path.startsWith(`${mount}/`));
    const hierarchy = one ?? (unified && path.startsWith(`${unified.mount}/`) ? unified : undefined);
    const asked = given.findLast(
      ({ controllers }) =>
        controllers.length === 0 || controllers.some(name => hierarchy?.controllers.includes(name)),
    );
    return { path, hierarchy, unified: one === undefined && hierarchy === unified, below: asked?.path ?? '' };
  });
}

/** Where init is now, in a hierarchy: by its line `N:CONTROLLERS:PATH` of /proc/PID/cgroup (cgroups(7)); `0::PATH` for v2. */
interface InitGroup {
  /** Steps that open it into `to`, or go on at `absent` if init is in none of that hierarchy. */
  open(hierarchy: CgroupHierarchy, unified: boolean, to: Slot, absent: Label): readonly Line[];
}

function initGroup(launch: Launch, pid: Slot): InitGroup {
  const { open } = launch;
  const path = buffer('init_cgroup_path', 40);
  const fd = slot('init_cgroup_fd');
  const content = buffer('init_cgroup_text', 1 << 16);
  const size = slot('init_cgroup_size');
  const line = slots('init_cgroup_line', 2);
  const number = slots('init_cgroup_number', 2);
  const end = slots('init_cgroup_end', 2);
  const name = slots('init_cgroup_name', 2);
  const same = slots('init_cgroup_same', 2);
  const directory = buffer('init_cgroup_dir', 4096);
  const found = slot('init_cgroup_found');
  const [mount, key, keySize] = [slot('hierarchy_mount'), slot('hierarchy_key'), slot('hierarchy_key_size')];
  const again = label('next_cgroup_line');
  const none = label('no_cgroup_line');
  const find = subroutine('find_cgroup_of_init', [
    move(found, 0),
    format(path, ['/proc/', field(TemplateField.DECIMAL, pid), '/cgroup']),
    sys('openat', [AT_FDCWD, path, open.RDONLY | open.CLOEXEC, 0], { to: fd, on: [['ENOENT'], none] }),
    sys('read', [fd, content, content.size - 1], { to: size, on: [['ESRCH'], none] }),
    sys('close', [fd]),
    move(line, 0),
    again,
    scan(
      'NUMBER',
      { buffer: content, length: size, start: line },
      { to: number, on: [['EINVAL', 'ERANGE'], none] },
    ),
    scan(
      'FIND',
      { buffer: content, length: size, start: line, byte: 0x0a },
      { to: end, on: [['ENOENT'], none] },
    ),
    alu(line, end, 'ADD', 1),
    alu(name, cell(number, 1), 'ADD', content),
    scan('EQUAL', { buffer: ref(name), length: keySize, start: ref(key) }, { to: same }),
    branch(same, 'EQ', 0, again),
    alu(name, cell(number, 1), 'ADD', keySize),
    alu(cell(name, 1), end, 'SUB', name),
    alu(name, name, 'ADD', content),
    format(directory, [field(TemplateField.STRING, mount), field(TemplateField.BYTES, name)]),
    move(found, 1),
    none,
  ]);
  return {
    open: (hierarchy, unified, to, absent) => {
      const wanted = text(unified ? '::' : `:${hierarchy.controllers.join(',')}:`);
      return [
        move(mount, text(hierarchy.mount)),
        move(key, wanted),
        move(keySize, wanted.size - 1),
        call(find),
        branch(found, 'EQ', 0, absent),
        sys('openat', [AT_FDCWD, directory, open.RDONLY | open.DIRECTORY | open.CLOEXEC, 0], { to }),
      ];
    },
  };
}

/**
 * cgroup_procs(5): 0 is the writer itself; `tasks`, because it is faster, and a process that begins has one thread only. A group that somebody has
 * removed held nobody: init has been moved, and where it is, the process is, too.
 */
function enterV1(launch: Launch, directory: Directory, init: InitGroup): Action {
  const { open } = launch;
  const { path, below, hierarchy } = directory;
  const dir = slot('cgroup_dir');
  const fd = slot('tasks_fd');
  const whole = below === '' ? path : `${path}/${below}`;
  const gone = label('cgroup_is_gone');
  const there = label('cgroup_is_there');
  const nowhere = label('cgroup_is_nowhere');
  const leaves = below === '' && hierarchy !== undefined;
  return action({ title: `enter cgroup ${whole}`, because: rule('the cgroup of the container') }, [
    sys('openat', [AT_FDCWD, text(whole), open.PATH | open.DIRECTORY | open.CLOEXEC, 0], {
      to: dir,
      ...(leaves ? { on: [['ENOENT'], gone] as const } : {}),
    }),
    ...(leaves ? [jump(there), gone, ...init.open(hierarchy, false, dir, nowhere), there] : []),
    sys('openat', [dir, text('tasks'), open.WRONLY | open.CLOEXEC, 0], { to: fd }),
    sys('write', [fd, text('0'), 1]),
    sys('close', [fd]),
    sys('close', [dir]),
    ...(leaves ? [nowhere] : []),
  ]);
}

/**
 * A v2 cgroup whose children have controllers takes no processes (EBUSY; cgroups(7), "no internal processes"): systemd as init makes it so and has moved
 * itself below. Then its own cgroup is the one to be in, as with crun. Looked at beforehand: clone3(2) has two outcomes, not three.
 */
function openUnified(launch: Launch, directory: Directory, init: InitGroup, to: Slot): Action {
  const { open } = launch;
  const { path, below, hierarchy } = directory;
  const whole = below === '' ? path : `${path}/${below}`;
  const fd = slot('subtree_fd');
  const content = buffer('subtree_control', 256);
  const size = slot('subtree_size');
  const good = label('cgroup_takes_processes');
  const gone = label('cgroup_is_gone');
  const nowhere = label('cgroup_is_nowhere');
  const because = rule(below === '' ? 'the cgroup of the container' : '--cgroup');
  const flags = open.RDONLY | open.DIRECTORY | open.CLOEXEC;
  return action(
    {
      title: `open cgroup ${whole}`,
      because,
      words: ['enter cgroup ', whole, ': ', field(TemplateField.ERRNO, failedErrno)],
    },
    below !== '' || hierarchy === undefined
      ? [sys('openat', [AT_FDCWD, text(whole), flags, 0], { to })]
      : [
          sys('openat', [AT_FDCWD, text(whole), flags, 0], { to, on: [['ENOENT'], gone] }),
          sys('openat', [to, text('cgroup.subtree_control'), open.RDONLY | open.CLOEXEC, 0], { to: fd }),
          sys('read', [fd, content, 255], { to: size }),
          sys('close', [fd]),
          branch(size, 'LE', 1, good),
          sys('close', [to]),
          gone,
          ...init.open(hierarchy, true, to, nowhere),
          jump(good),
          nowhere,
          fail(errnos.ENOENT.number),
          good,
        ],
  );
}

/** A process that begins in a frozen group never gets to its command, and we would wait for it. */
function insistThawed(launch: Launch, directories: readonly Directory[], unified: Slot): FrostCheck | null {
  const freezers = directories.flatMap((d): readonly Freezer[] => {
    if (d.unified) return [{ place: unified, version: 2 }];
    if (!d.hierarchy?.controllers.includes('freezer')) return [];
    return [{ place: text(d.below === '' ? d.path : `${d.path}/${d.below}`), version: 1 }];
  });
  if (freezers.length === 0) return null;
  const sensor = frostSensor(launch.open, freezers);
  return {
    sensor,
    check: action(
      {
        title: 'see that it is not frozen',
        because: rule('the process would not run'),
        words: [
          'the cgroup of the container, or one above it, is frozen (resume it, or use --ignore-paused)',
        ],
      },
      [call(sensor.see), guard(sensor.frost, 'EQ', Frost.THAWED, errnos.EBUSY.number)],
    ),
  };
}

/** `paths`: the container's cgroups, from its state. `pid`: init. */
export function execCgroups(
  launch: Launch,
  input: { readonly paths: readonly string[]; readonly below: readonly SubCgroup[]; readonly pid: Slot },
  refuse: Refuse,
): ExecCgroups {
  const directories = directoriesOf(launch, input.paths, input.below);
  const known = new Set(directories.flatMap(({ hierarchy }) => hierarchy?.controllers ?? []));
  for (const { controllers } of input.below) {
    for (const controller of controllers)
      if (!known.has(controller)) refuse(rule('--cgroup'), { kind: 'no-such-cgroup', controller });
  }
  if (input.below.length > 0 && directories.length === 0)
    refuse(rule('--cgroup'), { kind: 'no-cgroups', property: '--cgroup' });
  const unified = directories.find(directory => directory.unified);
  const fd = slot('cgroup_v2_fd', -1);
  const init = initGroup(launch, input.pid);
  return {
    unified: unified ? fd : null,
    open: unified ? [openUnified(launch, unified, init, fd)] : [],
    enter: directories
      .filter(directory => !directory.unified)
      .map(directory => enterV1(launch, directory, init)),
    frost: insistThawed(launch, directories, fd),
  };
}
