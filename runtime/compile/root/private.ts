/** A root of the launch's own: mounted in a new mount namespace and pivoted into, or, without one, entered as it is. */
import type { Action } from '../../program/action.js';
import { hasMountNamespace, type Launch } from '../launch/launch.js';
import type { Refuse } from '../launch/refusal.js';
import type { RootWay } from './prepare.js';
import { chrootInto, chrootOnly, mountRoot, pivot, readonlyRoot, separate } from './root.js';

/** `root`: with what an environment shows in it; null: simply that of config.json. */
export function privateWay(launch: Launch, root: readonly Action[] | null): RootWay {
  if (!hasMountNamespace(launch))
    return {
      enter: chrootOnly(launch),
      unseal: [],
      seal: [],
      leave: chrootInto(launch),
      without: ['copies', 'mounts', 'devices', 'covers', 'seal'],
      passes: [],
    };
  return {
    enter: [separate(launch), ...(root ?? [mountRoot(launch)])],
    unseal: [],
    seal: readonlyRoot(launch),
    leave: pivot(launch),
    without: [],
    passes: [],
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
