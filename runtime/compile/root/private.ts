/** A root of the launch's own: mounted in a new mount namespace and pivoted into, or, without one, entered as it is. */
import type { Action } from '../../program/action.js';
import { slot } from '../../program/operand.js';
import { hasMountNamespace, hasUsers, type Launch } from '../launch/launch.js';
import type { Refuse } from '../launch/refusal.js';
import { openedBefore } from './opened-before.js';
import type { RootWay } from './prepare.js';
import { chrootInto, chrootOnly, findRoot, mountRoot, pivot, readonlyRoot, separate } from './root.js';

const nothing = { actions: [], opened: [] } as const;

/** `root`: with what an environment shows in it; null: simply that of config.json. */
export function privateWay(launch: Launch, root: readonly Action[] | null): RootWay {
  const users = hasUsers(launch);
  if (!hasMountNamespace(launch))
    return {
      find: users ? { actions: chrootOnly(launch), opened: [launch.cells.rootFd] } : nothing,
      enter: users ? [] : chrootOnly(launch),
      unseal: [],
      seal: [],
      leave: chrootInto(launch),
      without: ['copies', 'mounts', 'devices', 'covers', 'seal'],
      passes: [],
    };
  const place = users && root === null ? slot('root_place', -1) : null;
  return {
    find: place === null ? nothing : { actions: [findRoot(launch, place)], opened: [place] },
    enter: [separate(launch), ...(root ?? [mountRoot(launch, place)])],
    unseal: [],
    seal: readonlyRoot(launch),
    leave: pivot(launch),
    without: [],
    passes: users ? [openedBefore] : [],
  };
}

/** What asks for a mount namespace. */
export function refuseWithoutNamespace(launch: Launch, refuse: Refuse): void {
  if (hasMountNamespace(launch)) return;
  const { mounts, root, linux } = launch.config;
  const asked = [
    [mounts.length > 0, 'mounts', ['mounts']],
    [root.readonly, 'root.readonly', ['root', 'readonly']],
    [linux.rootfsPropagation !== null, 'linux.rootfsPropagation', ['linux', 'rootfsPropagation']],
    [linux.devices.length > 0, 'devices', ['linux', 'devices']],
  ] as const;
  for (const [is, property, path] of asked)
    if (is) refuse(launch.because(...path), { kind: 'needs-mount-namespace', property });
}
