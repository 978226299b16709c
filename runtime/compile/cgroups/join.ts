/**
 * The cgroups that a process of `exec` goes into: the container's, or with --cgroup those below them. v1: it enters them itself; v2: clone3(2)
 * starts it there.
 */

import { errnos } from '../../../spec/errno.js';
import type { CgroupHierarchy } from '../../../spec/host-facts.js';
import { TemplateField } from '../../../spec/instructions.js';
import { AT_FDCWD } from '../../../spec/kernel.js';
import { type Action, action, failedErrno } from '../../program/action.js';
import { buffer, field, type Label, label, type Slot, slot, text } from '../../program/operand.js';
import { branch, call, fail, guard, jump, type Line, sys } from '../../program/step.js';
import { type ProcessLaunch, rule } from '../launch/launch.js';
import { type CgroupDriver, Frost, type SubCgroup } from './driver.js';
import { birthAnywhere, birthInOpened } from './enter.js';
import { type Freezer, frostSensor } from './freezer.js';
import { frostOfProcess, type ProcessGroups, processGroups } from './of-process.js';

interface Directory {
  readonly path: string;
  readonly hierarchy: CgroupHierarchy | undefined;
  readonly unified: boolean;
  /** Where --cgroup leads, from `path`. */
  readonly below: string;
}

function directoriesOf(
  launch: ProcessLaunch,
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

/**
 * cgroup_procs(5): 0 is the writer itself; `tasks`, because it is faster, and a process that begins has one thread only. A group that somebody has
 * removed held nobody: init has been moved, and where it is, the process is, too.
 */
function enterV1(launch: ProcessLaunch, directory: Directory, init: ProcessGroups): Action {
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
function openUnified(launch: ProcessLaunch, directory: Directory, init: ProcessGroups, to: Slot): Action {
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
function insistThawed(
  launch: ProcessLaunch,
  directories: readonly Directory[],
  init: ProcessGroups,
  unified: Slot,
): readonly Action[] {
  const { open } = launch;
  const freezers = directories.flatMap((d): readonly Freezer[] => {
    const { hierarchy, below } = d;
    if (d.unified) return [{ place: unified, version: 2 }];
    if (!hierarchy?.controllers.includes('freezer')) return [];
    const whole = text(below === '' ? d.path : `${d.path}/${below}`);
    const place = (to: Slot, absent: Label): readonly Line[] => {
      const [gone, there] = [label('freezer_is_gone'), label('freezer_is_there')];
      return [
        sys('openat', [AT_FDCWD, whole, open.PATH | open.DIRECTORY | open.CLOEXEC, 0], {
          to,
          on: [['ENOENT'], below === '' ? gone : absent],
        }),
        ...(below === '' ? [jump(there), gone, ...init.open(hierarchy, false, to, absent), there] : []),
      ];
    };
    return [{ place, version: 1 }];
  });
  if (freezers.length === 0) return [];
  const sensor = frostSensor(open, freezers);
  return [
    action(
      {
        title: 'see that it is not frozen',
        because: rule('the process would not run'),
        words: [
          'the cgroup of the container, or one above it, is frozen (resume it, or use --ignore-paused)',
        ],
      },
      [call(sensor.see), guard(sensor.frost, 'EQ', Frost.THAWED, errnos.EBUSY.number)],
    ),
  ];
}

export const joinGroups: CgroupDriver['join'] = (launch, input, refuse) => {
  const directories = directoriesOf(launch, input.directories, input.below);
  const known = new Set(directories.flatMap(({ hierarchy }) => hierarchy?.controllers ?? []));
  for (const { controllers } of input.below) {
    for (const controller of controllers)
      if (!known.has(controller)) refuse(rule('--cgroup'), { kind: 'no-such-cgroup', controller });
  }
  if (input.below.length > 0 && directories.length === 0)
    refuse(rule('--cgroup'), { kind: 'no-cgroups', property: '--cgroup' });
  const unified = directories.find(directory => directory.unified);
  const fd = slot('cgroup_v2_fd', -1);
  const init = processGroups(launch.open, input.pid);
  return {
    birth: unified ? birthInOpened(fd) : birthAnywhere,
    open: unified ? [openUnified(launch, unified, init, fd)] : [],
    enter: directories
      .filter(directory => !directory.unified)
      .map(directory => enterV1(launch, directory, init)),
    insistThawed: insistThawed(launch, directories, init, fd),
    frostOf: pid => frostOfProcess(launch.open, launch.facts.cgroup, pid),
  };
};
