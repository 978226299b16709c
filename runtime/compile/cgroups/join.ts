/**
 * The cgroups that a process of `exec` goes into: the container's, or with --cgroup those below them. v1: it enters them itself; v2: clone3(2)
 * starts it there.
 */

import { errnos } from '../../../spec/errno.js';
import type { CgroupHierarchy } from '../../../spec/host-facts.js';
import { AT_FDCWD } from '../../../spec/kernel.js';
import type { Action } from '../../program/action.js';
import { attempt, ignoring, when } from '../../program/control.js';
import { buffer, type Slot, slot, text } from '../../program/operand.js';
import { call, fail, guard, type Line, move, sys } from '../../program/step.js';
import { operation } from '../idioms/operation.js';
import { type ProcessLaunch, rule } from '../launch/launch.js';
import { type CgroupDriver, Frost, type SubCgroup, type Thawed } from './driver.js';
import { birthAnywhere, birthInOpened } from './enter.js';
import { type Freezer, frostSensor } from './freezer.js';
import { frostOfProcess, type ProcessGroups, processGroups } from './of-process.js';
import { openPlace } from './open-place.js';

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
    return {
      path,
      hierarchy,
      unified: hierarchy !== undefined && hierarchy === unified,
      below: asked?.path ?? '',
    };
  });
}

const pathOf = ({ path, below }: Directory): string => (below === '' ? path : `${path}/${below}`);

/** That of --cgroup has to be there; the container's own may have gone, when init moved. */
const mayHaveGone = ({ below, hierarchy }: Directory): CgroupHierarchy | null =>
  below === '' && hierarchy !== undefined ? hierarchy : null;

/** Open it into `to`, or where init is now: below 0 if it is nowhere. */
function openV1(
  { open }: ProcessLaunch,
  directory: Directory,
  init: ProcessGroups,
  to: Slot,
): readonly Line[] {
  const path = text(pathOf(directory));
  const hierarchy = mayHaveGone(directory);
  return hierarchy === null
    ? [openPlace(open, path, to)]
    : attempt(['ENOENT'], gone => [openPlace(open, path, to, gone)], init.open(hierarchy, false, to));
}

/**
 * cgroup_procs(5): 0 is the writer itself; `tasks`, because it is faster, and a process that begins has one thread only. A group that somebody has
 * removed held nobody: init has been moved, and where it is, the process is, too.
 */
function enterV1(launch: ProcessLaunch, directory: Directory, init: ProcessGroups): Action {
  const { open } = launch;
  const dir = slot('cgroup_dir');
  const fd = slot('tasks_fd');
  const enter = [
    sys('openat', [dir, text('tasks'), open.WRONLY | open.CLOEXEC, 0], { to: fd }),
    sys('write', [fd, text('0'), 1]),
    sys('close', [fd]),
    sys('close', [dir]),
  ];
  return operation(
    { kind: 'enter-cgroup', path: pathOf(directory), because: rule('the cgroup of the container') },
    [
      ...openV1(launch, directory, init, dir),
      ...(mayHaveGone(directory) === null ? enter : when(dir, 'GE', 0, enter)),
    ],
  );
}

/**
 * A v2 cgroup whose children have controllers takes no processes (EBUSY; cgroups(7), "no internal processes"): systemd as init makes it so and has moved
 * itself below. Then its own cgroup is the one to be in, as with crun. Looked at beforehand: clone3(2) has two outcomes, not three.
 */
function openUnified(launch: ProcessLaunch, directory: Directory, init: ProcessGroups, to: Slot): Action {
  const { open } = launch;
  const fd = slot('subtree_fd');
  const content = buffer('subtree_control', 256);
  const size = slot('subtree_size');
  const path = pathOf(directory);
  const because = rule(directory.below === '' ? 'the cgroup of the container' : '--cgroup');
  const flags = open.RDONLY | open.DIRECTORY | open.CLOEXEC;
  const hierarchy = mayHaveGone(directory);
  return operation(
    { kind: 'open-cgroup', path, because },
    hierarchy === null
      ? [sys('openat', [AT_FDCWD, text(path), flags, 0], { to })]
      : [
          ...ignoring(['ENOENT'], gone => [
            sys('openat', [AT_FDCWD, text(path), flags, 0], { to, ...gone }),
            sys('openat', [to, text('cgroup.subtree_control'), open.RDONLY | open.CLOEXEC, 0], { to: fd }),
            sys('read', [fd, content, 255], { to: size }),
            sys('close', [fd]),
            ...when(size, 'GT', 1, [sys('close', [to]), move(to, -1)]),
          ]),
          ...when(to, 'LT', 0, [
            ...init.open(hierarchy, true, to),
            ...when(to, 'LT', 0, [fail(errnos.ENOENT.number)]),
          ]),
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
    if (d.unified) return [{ place: unified, version: 2 }];
    if (!d.hierarchy?.controllers.includes('freezer')) return [];
    const place = mayHaveGone(d) === null ? text(pathOf(d)) : (to: Slot) => openV1(launch, d, init, to);
    return [{ place, version: 1 }];
  });
  if (freezers.length === 0) return [];
  const { see, frost } = frostSensor(open, freezers);
  return [
    operation({ kind: 'check-container-is-thawed', because: rule('the process would not run') }, [
      call(see),
      guard(frost, 'EQ', Frost.THAWED, errnos.EBUSY.number),
    ]),
  ];
}

/** freezer.state: THAWED. cgroup.freeze: 0; cgroup.events: "populated N", "frozen N". Of the container itself, as runtime/state/frozen.ts looks. */
const thawedOf = ({ path, unified, hierarchy }: Directory): readonly Thawed[] =>
  unified
    ? [
        { file: `${path}/cgroup.freeze`, blanks: 0, letter: '0' },
        { file: `${path}/cgroup.events`, blanks: 2, letter: '0' },
      ]
    : hierarchy?.controllers.includes('freezer')
      ? [{ file: `${path}/freezer.state`, blanks: 0, letter: 'T' }]
      : [];

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
    thawed: directories.flatMap(thawedOf),
    frostOf: pid => frostOfProcess(launch.open, launch.facts.cgroup, pid),
  };
};
