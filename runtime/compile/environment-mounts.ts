/** What an environment shows besides its tree, and what of it a launch covers with mounts of its own. */
import type { Environment, Share } from '../../spec/environment.js';
import type { Mount } from '../../spec/generated/config.js';
import { AT_FDCWD, AT_RECURSIVE, MNT_DETACH, OPEN_TREE_CLOEXEC, OPEN_TREE_CLONE } from '../../spec/kernel.js';
import { type Action, action, type Because } from '../program/action.js';
import { label, slot, text } from '../program/operand.js';
import { jump, type Line, resolve, sys } from '../program/step.js';
import { isWithin } from './elision.js';
import { type Launch, rule } from './launch.js';
import { parseMountOptions } from './mount-options.js';
import { attach } from './mount-steps.js';
import { normalise } from './normalise.js';
import { sealShare } from './show-share.js';

const UMOUNT_NOFOLLOW = 8;

export function becauseOf({ file, line, tree }: Environment): Because {
  return { kind: 'policy', file, line, path: `trees.${tree}` };
}

/** The host view and the shares, in the order in which they are mounted. */
export function shownPoints({ hostView, shares }: Environment): readonly Share[] {
  const sorted = [...shares].sort((one, other) => (one.path < other.path ? -1 : 1));
  return [...hostView.map(path => ({ path, readonly: false })), ...sorted];
}

/** An action without steps, so that explain tells which environment it is and why. */
export function announce(launch: Launch): readonly Action[] {
  const { environment } = launch;
  if (environment === null) return [];
  const { tree, chosenBy, backEnd, reason } = environment;
  const title = `use tree ${tree} (${chosenBy}), back end ${backEnd}: ${reason}`;
  return [action({ title, because: becauseOf(environment) }, [])];
}

/** `private`: each one bound, unless a mount of config.json is to hide it anyway. */
export function showPoints(launch: Launch, environment: Environment): readonly Action[] {
  const covering = (launch.config.mounts ?? [])
    .filter(m => !parseMountOptions(m.options ?? [], m.type).remount)
    .map(m => normalise(m.destination));
  return shownPoints(environment)
    .filter(({ path }) => !covering.some(place => isWithin(path, place)))
    .map(share => showPoint(launch, environment, share));
}

function showPoint(launch: Launch, environment: Environment, share: Share): Action {
  const mount = slot('share_mount');
  const onto = slot('share_onto');
  const title = `show ${share.path} of the host${share.readonly ? ', read-only' : ''}`;
  const host = environment.hostView.includes(share.path);
  return action({ title, because: host ? rule('the host view') : becauseOf(environment) }, [
    sys('open_tree', [AT_FDCWD, text(share.path), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE], {
      to: mount,
    }),
    ...(share.readonly ? sealShare(mount, true) : []),
    resolve(
      {
        root: launch.cells.rootFd,
        path: text(share.path),
        make: 'directories',
        flags: launch.open.PATH | launch.open.DIRECTORY,
      },
      { to: onto },
    ),
    attach(mount, onto),
    sys('close', [mount]),
    sys('close', [onto]),
  ]);
}

/**
 * `pinned`: detach from the copy what the environment shows at or below the place of a mount, as often as something is there (hosts stack mounts).
 * Covered only, it would come to light when somebody inside unmounts what covers it.
 */
export function uncoverPoints(
  environment: Environment,
  m: Mount,
  earlier: readonly Mount[],
): readonly Line[] {
  const place = normalise(m.destination);
  if (parseMountOptions(m.options ?? [], m.type).remount) return [];
  // The second mount on one place goes on top of the first.
  if (earlier.some(other => normalise(other.destination) === place)) return [];
  const points = shownPoints(environment).map(share => share.path);
  const inside = points.filter(path => path !== place && isWithin(path, place)).reverse();
  const within = points.some(path => isWithin(place, path));
  return [...inside, ...(within ? [place] : [])].flatMap(path => {
    const again = label('uncover_again');
    const done = label('uncovered');
    return [
      again,
      sys('umount2', [text(path), MNT_DETACH | UMOUNT_NOFOLLOW], {
        on: [['EINVAL', 'ENOENT', 'ENOTDIR'], done],
      }),
      jump(again),
      done,
    ];
  });
}
