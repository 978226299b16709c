/**
 * What the host has mounted below a live share since the view was made has arrived there with the options that it had at that moment: `mount -o bind,ro` makes two
 * calls, and what arrives between them is writable for good (mount_namespaces(7), "Shared subtrees": options do not propagate). Nobody may change the view that
 * all share, so that a launch takes a copy, and gives these mounts the host's restrictions there.
 */
import type { Environment, Pin } from '../../../spec/environment.js';
import { MountAttr } from '../../../spec/kernel.js';
import { mountMap } from '../../../spec/mount-map.js';
import type { Action } from '../../program/action.js';
import { ignoring } from '../../program/control.js';
import { slot } from '../../program/operand.js';
import { sys } from '../../program/step.js';
import { setAttributes } from '../idioms/mount-steps.js';
import { openReal } from '../idioms/open-real.js';
import { operation } from '../idioms/operation.js';
import { type Launch, rule } from '../launch/launch.js';

/** A mount of the host that is to be as restricted inside. */
export interface LateMount {
  /** Inside, without symlinks. */
  readonly path: string;
  readonly restrictions: number;
}

const { RDONLY, NOSUID, NODEV, NOEXEC, NOSYMFOLLOW } = MountAttr;
const RESTRICTIONS = RDONLY | NOSUID | NODEV | NOEXEC | NOSYMFOLLOW;

/** Outer ones first. What does not arrive (below read-only shares) is not listed, or is not there when the program looks. */
export function lateMounts(
  { sources, shares }: Environment,
  { late }: Pick<Pin, 'late'>,
): readonly LateMount[] {
  const since = new Set(late);
  if (since.size === 0) return [];
  const host = mountMap(sources.mounts);
  const found = new Map<string, LateMount>();
  for (const { path, place, readonly } of shares) {
    const at = sources.shares.get(path)?.path;
    if (at === undefined || readonly) continue;
    for (const mount of host.below(at)) {
      const restrictions = mount.attributes & RESTRICTIONS;
      if (restrictions === 0 || !since.has(mount.id)) continue;
      const inside = `${place}${mount.point.slice(at === '/' ? 0 : at.length)}`;
      found.set(inside, { path: inside, restrictions });
    }
  }
  return [...found.values()].sort((one, other) => (one.path < other.path ? -1 : 1));
}

/** In a copy: what has gone again since, or has not arrived, is no mount there. */
export function restrictLateMounts(launch: Launch, mounts: readonly LateMount[]): readonly Action[] {
  const { open, cells } = launch;
  const fd = slot('late_mount', -1);
  return mounts.map(({ path, restrictions: attributes }) =>
    operation(
      { kind: 'restrict', path, attributes, because: rule('options do not propagate') },
      ignoring(['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES'], gone => [
        openReal(open, cells.rootFd, path.slice(1), 0, { to: fd, ...gone }),
        ...ignoring(['EINVAL'], none => [setAttributes(fd, attributes, 0, 0, false, none)]),
        sys('close', [fd]),
      ]),
    ),
  );
}
