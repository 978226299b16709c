/**
 * The cgroups that a process of `exec` goes into: the container's, or with --cgroup those below them. v1: it enters them itself; v2: clone3(2)
 * starts it there.
 */

import type { CgroupHierarchy } from '../../spec/host-facts.js';
import { TemplateField } from '../../spec/instructions.js';
import { AT_FDCWD } from '../../spec/kernel.js';
import { type Action, action, failedErrno } from '../program/action.js';
import { buffer, cell, field, label, type Slot, slot, slots, text } from '../program/operand.js';
import { alu, branch, format, jump, type Line, move, scan, sys } from '../program/step.js';
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

/** cgroup_procs(5): 0 is the writer itself; `tasks`, because it is faster, and a process that begins has one thread only. */
function enterV1(launch: Launch, path: string): Action {
  const { open } = launch;
  const dir = slot('cgroup_dir');
  const fd = slot('tasks_fd');
  return action({ title: `enter cgroup ${path}`, because: rule('the cgroup of the container') }, [
    sys('openat', [AT_FDCWD, text(path), open.PATH | open.DIRECTORY | open.CLOEXEC, 0], { to: dir }),
    sys('openat', [dir, text('tasks'), open.WRONLY | open.CLOEXEC, 0], { to: fd }),
    sys('write', [fd, text('0'), 1]),
    sys('close', [fd]),
    sys('close', [dir]),
  ]);
}

/** Open the cgroup that init is in now, by the line `0::PATH` of /proc/PID/cgroup (cgroups(7)). */
function openThatOfInit(launch: Launch, mount: string, pid: Slot, to: Slot): readonly Line[] {
  const { open } = launch;
  const path = buffer('init_cgroup_path', 40);
  const fd = slot('init_cgroup_fd');
  const content = buffer('init_cgroup_text', 8192);
  const size = slot('init_cgroup_size');
  const line = slots('init_cgroup_line', 2);
  const hierarchy = slots('init_cgroup_hierarchy', 2);
  const end = slots('init_cgroup_end', 2);
  const name = slots('init_cgroup_name', 2);
  const directory = buffer('init_cgroup_dir', 4096);
  const again = label('next_cgroup_line');
  const found = label('unified_cgroup_line');
  return [
    format(path, ['/proc/', field(TemplateField.DECIMAL, pid), '/cgroup']),
    sys('openat', [AT_FDCWD, path, open.RDONLY | open.CLOEXEC, 0], { to: fd }),
    sys('read', [fd, content, 8191], { to: size }),
    sys('close', [fd]),
    move(line, 0),
    again,
    scan('NUMBER', { buffer: content, length: size, start: line }, { to: hierarchy }),
    scan('FIND', { buffer: content, length: size, start: line, byte: 0x0a }, { to: end }),
    branch(hierarchy, 'EQ', 0, found),
    alu(line, end, 'ADD', 1),
    jump(again),
    found,
    // Behind the two colons.
    alu(name, cell(hierarchy, 1), 'ADD', 2),
    alu(cell(name, 1), end, 'SUB', name),
    alu(name, name, 'ADD', content),
    format(directory, [mount, field(TemplateField.BYTES, name)]),
    sys('openat', [AT_FDCWD, directory, open.RDONLY | open.DIRECTORY | open.CLOEXEC, 0], { to }),
  ];
}

/**
 * A v2 cgroup whose children have controllers takes no processes (EBUSY; cgroups(7), "no internal processes"): systemd as init makes it so and has moved
 * itself below. Then its own cgroup is the one to be in, as with crun. Looked at beforehand: clone3(2) has two outcomes, not three.
 */
function openUnified(launch: Launch, directory: Directory, pid: Slot, to: Slot): Action {
  const { open } = launch;
  const path = directory.below === '' ? directory.path : `${directory.path}/${directory.below}`;
  const fd = slot('subtree_fd');
  const content = buffer('subtree_control', 256);
  const size = slot('subtree_size');
  const good = label('cgroup_takes_processes');
  const because = rule(directory.below === '' ? 'the cgroup of the container' : '--cgroup');
  return action(
    {
      title: `open cgroup ${path}`,
      because,
      words: ['enter cgroup ', path, ': ', field(TemplateField.ERRNO, failedErrno)],
    },
    [
      sys('openat', [AT_FDCWD, text(path), open.RDONLY | open.DIRECTORY | open.CLOEXEC, 0], { to }),
      ...(directory.below !== '' || directory.hierarchy === undefined
        ? []
        : [
            sys('openat', [to, text('cgroup.subtree_control'), open.RDONLY | open.CLOEXEC, 0], { to: fd }),
            sys('read', [fd, content, 255], { to: size }),
            sys('close', [fd]),
            branch(size, 'LE', 1, good),
            sys('close', [to]),
            ...openThatOfInit(launch, directory.hierarchy.mount, pid, to),
            good,
          ]),
    ],
  );
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
  return {
    unified: unified ? fd : null,
    open: unified ? [openUnified(launch, unified, input.pid, fd)] : [],
    enter: directories
      .filter(directory => !directory.unified)
      .map(({ path, below }) => enterV1(launch, below === '' ? path : `${path}/${below}`)),
  };
}
