/**
 * What is mounted on in the root file system, which is not in the images: one that is made anew, as Podman makes it for what was saved elsewhere, lacks what `create` had made in
 * the old one. What lies below another mount is in the images with that, or the host's.
 */
import { AT_FDCWD, STATX_TYPE, Statx } from '../../../spec/kernel.js';
import type { NormalMount } from '../../../spec/normal-mount.js';
import type { Action } from '../../program/action.js';
import { buffer, type Slot, slot, text } from '../../program/operand.js';
import { load, resolve, sys } from '../../program/step.js';
import { operation } from '../idioms/operation.js';
import { type Launch, rule } from '../launch/launch.js';
import { sourceFrom } from './external.js';

/** Those that CRIU mounts directly in the root. */
export function mountedInRoot(mounts: readonly NormalMount[]): readonly NormalMount[] {
  const made = mounts.filter(
    mount => mount.kind !== 'remount' && !(mount.kind === 'bind' && mount.links.source !== 'followed'),
  );
  return made.filter(
    ({ place }) => place !== '/' && !made.some(other => place.startsWith(`${other.place}/`)),
  );
}

/** `place` stays open on the root. */
export function makeMountPoints(launch: Launch, root: string, place: Slot): readonly Action[] {
  const { open, config } = launch;
  return [
    operation({ kind: 'find-root', path: root, because: launch.because('root', 'path') }, [
      sys('openat', [AT_FDCWD, text(root), open.PATH | open.DIRECTORY | open.CLOEXEC, 0], { to: place }),
    ]),
    ...mountedInRoot(config.mounts).map(mount => makeMountPoint(launch, mount, place)),
  ];
}

function makeMountPoint(launch: Launch, mount: NormalMount, root: Slot): Action {
  const made = slot('mount_point', -1);
  const does = { kind: 'make-missing-mount-point', path: mount.place, because: rule('restore') } as const;
  if (mount.kind !== 'bind')
    return operation(does, [
      resolve({ root, path: text(mount.place), make: 'directories' }, { to: made }),
      sys('close', [made]),
    ]);
  const stat = buffer('mount_point_stat', 256);
  const mode = slot('mount_point_mode');
  const how = mount.links.destination === 'itself' ? 'NOFOLLOW' : 'FOLLOW';
  return operation(does, [
    sys('statx', [AT_FDCWD, text(sourceFrom(launch.options.bundle, mount.source)), 0, STATX_TYPE, stat]),
    load(mode, 'U16', stat, Statx.MODE),
    resolve({ root, path: text(mount.place), make: 'like-source', sourceMode: mode, how }, { to: made }),
    sys('close', [made]),
  ]);
}
