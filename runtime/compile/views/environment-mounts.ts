/** What an environment shows besides its tree, and what of it a launch covers with mounts of its own. */
import type { Environment, PlacedShare } from '../../../spec/environment.js';
import { isWithin } from '../../../spec/mount-map.js';
import type { NormalMount } from '../../../spec/normal-mount.js';
import type { Action, Because } from '../../program/action.js';
import { slot } from '../../program/operand.js';
import { sys } from '../../program/step.js';
import { openReal, openRealDirectory } from '../idioms/open-real.js';
import { operation } from '../idioms/operation.js';
import { hostPoint, registeredAt, showShare } from '../idioms/show-share.js';
import { type Launch, rule } from '../launch/launch.js';
import { isMount, type Pass } from '../root/planned.js';
import { mountRoot } from '../root/root.js';
import { treeSkeleton } from '../root/tree-skeleton.js';

export function becauseOf({ file, line, tree }: Environment): Because {
  return { kind: 'policy', file, line, path: `trees.${tree}` };
}

/** The host view and the shares, in the order in which they are mounted. */
export function shownPoints({ hostView, shares }: Environment): readonly PlacedShare[] {
  const sorted = [...shares].sort((one, other) => (one.path < other.path ? -1 : 1));
  return [...hostView.map(hostPoint), ...sorted];
}

/** An action without steps, so that explain tells which environment it is and why. */
export function announce(launch: Launch): readonly Action[] {
  const { environment } = launch;
  if (environment === null) return [];
  const { tree, chosenBy, backEnd, reason } = environment;
  return [
    operation({ kind: 'use-tree', tree, chosenBy, backEnd, reason, because: becauseOf(environment) }, []),
    ...(environment.features ?? []).map(({ name, file, line, mounts, devices, variables, leftOut }) =>
      operation(
        {
          kind: 'use-feature',
          name,
          files: mounts.to - mounts.from,
          devices: devices.to - devices.from,
          variables,
          leftOut,
          because: { kind: 'policy', file, line, path: `features.${name}` },
        },
        [],
      ),
    ),
  ];
}

/** `private`: each one bound, unless a mount of config.json is to hide it anyway. */
export function showPoints(launch: Launch, environment: Environment): readonly Action[] {
  const covering = launch.config.mounts.filter(m => m.kind !== 'remount').map(m => m.place);
  return shownPoints(environment)
    .filter(({ path }) => !covering.some(place => isWithin(path, place)))
    .map(share => {
      const host = environment.hostView.includes(share.path);
      const because = host ? rule('the host view') : registeredAt(share, becauseOf(environment));
      return showShare(launch.open, share, launch.cells.rootFd, because);
    });
}

/** `private`: the tree, or a skeleton that is only for this launch, so that nothing is ever created in the tree. */
export function privateRoot(launch: Launch, environment: Environment): readonly Action[] {
  const { root } = environment;
  if (root === undefined || root === null || root.kind === 'tree') return [mountRoot(launch)];
  const { open, cells, config } = launch;
  const place = slot('tree_place', -1);
  const readonly = environment.readonly || config.root.readonly;
  const { path } = environment;
  return [
    operation({ kind: 'open-tree', path, because: becauseOf(environment) }, [
      openRealDirectory(open, path, place),
    ]),
    ...treeSkeleton(open, root, { place, root: cells.rootFd, readonly, sealed: false }),
  ];
}

/**
 * `kmod`, `pinned`, in a copy: directories of the tree that lack a place for a mount are covered with all that is in them, and the place, so that nothing
 * is ever created in the tree. `at`: where the tree is inside.
 */
export function patchTree(launch: Launch, environment: Environment, at: string): readonly Action[] {
  const { open, cells, config } = launch;
  const readonly = environment.readonly || config.root.readonly;
  return (environment.patches ?? []).flatMap(patch => {
    const [place, root] = [slot('patched', -1), slot('patch', -1)];
    const skeleton = { kind: 'skeleton', why: patch.why, entries: patch.entries } as const;
    return [
      operation({ kind: 'open-in-tree', path: patch.path, because: rule('nothing is made in a tree') }, [
        openReal(open, cells.rootFd, `${at}${patch.path}`.slice(1), open.DIRECTORY, { to: place }),
      ]),
      ...treeSkeleton(open, skeleton, { place, root, readonly, sealed: readonly, like: patch }),
      operation({ kind: 'let-go', of: 'patch', name: patch.path, because: rule('all is made') }, [
        sys('close', [root]),
        sys('close', [place]),
      ]),
    ];
  });
}

/**
 * `kmod`, `pinned`: detach from the copy what the environment shows at or below the place of a mount. Covered only, it would come to light when somebody
 * inside unmounts what covers it. `mounts`: all that config.json has.
 */
export function uncover(environment: Environment, mounts: readonly NormalMount[]): Pass {
  const points = shownPoints(environment).map(share => share.place);
  return planned => {
    if (!isMount(planned) || planned.kind === 'remount') return [planned];
    const { index } = planned;
    const { place } = planned.entry;
    // The second mount on one place goes on top of the first.
    if (mounts.slice(0, index).some(other => other.place === place)) return [planned];
    const inside = points.filter(path => path !== place && isWithin(path, place)).reverse();
    const within = points.some(path => isWithin(place, path));
    return [{ ...planned, uncovers: [...inside, ...(within ? [place] : [])] }];
  };
}
