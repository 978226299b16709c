/** `mounts`: what each entry is, decided here and nowhere else. */
import type { Mount } from '../../../spec/generated/config.js';
import { containerId, toIdAsTheKernel } from '../../../spec/ids.js';
import { isLabelOption } from '../../../spec/label-options.js';
import type { FilesystemMount, Inheritance, MountData, NormalMount } from '../../../spec/normal-mount.js';
import { hostPath, treePath, treePlace } from '../../../spec/paths.js';
import { type IdMaps, noMaps, normalIdMap } from './id-mappings.js';
import { type MountOptions, parseMountOptions } from './mount-options.js';

export type MountKind = NormalMount['kind'];

const none: readonly string[] = [];

/**
 * What an entry is, as mount(8) and runc have it: `remount` is about a mount that is there, whatever else is written; a bind is one by its type or by an option,
 * whatever its type says; cgroups are those of the container. All else is a new file system.
 */
export function mountKind({ type, options = none }: Mount): MountKind {
  if (options.includes('remount')) return 'remount';
  if (isBind(type, options)) return 'bind';
  return type === 'cgroup' || type === 'cgroup2' ? 'cgroup' : 'filesystem';
}

function isBind(type: string | undefined, options: readonly string[]): boolean {
  return type === 'bind' || options.includes('bind') || options.includes('rbind');
}

/** `container`: the maps of its user namespace. */
export function normalMounts(
  mounts: readonly Mount[] = [],
  container: IdMaps = noMaps,
): readonly NormalMount[] {
  return mounts.map(mount => normalMount(mount, container));
}

/** One that has passed the checks: a bind has a source. */
export function normalMount(mount: Mount, container: IdMaps = noMaps): NormalMount {
  const { options = none, type = '', source } = mount;
  const parsed = parseMountOptions(options);
  const { own, recursive, propagation, below, copyUp, links, withoutEffectOnBinds: withoutEffect } = parsed;
  const destination = treePath(mount.destination);
  const kind = mountKind(mount);
  const data = withBareLabels(
    kind === 'bind'
      ? parsed.data
      : [...parsed.data, ...parsed.wordsOfLinks.map(word => [word, null] as const)],
  );
  const idMap = normalIdMap(mount, container);
  const place = treePlace(destination);
  const any = { destination, place, options, own, recursive, propagation, data, idMap };
  switch (kind) {
    case 'bind': {
      const from = hostPath(source ?? '');
      return { ...any, kind, source: from, below, links, copyUp, withoutEffect };
    }
    case 'remount': {
      const bind = isBind(type, options);
      return { ...any, kind, bind, source: source ?? '', type: type || 'none', below, withoutEffect };
    }
    case 'cgroup':
      return { ...any, kind };
    case 'filesystem': {
      const called = type || 'none';
      return { ...any, kind, type: called, source: source ?? called, inherits: inherited(called, parsed) };
    }
  }
}

/** A label with commas is written in quotes, for mount(2); fsconfig(2) would take them as part of it. */
function withBareLabels(data: MountData): MountData {
  if (!data.some(([key]) => isLabelOption(key))) return data;
  return data.map(([key, value]) =>
    isLabelOption(key) && value !== null ? [key, value.replace(/^"(.*)"$/s, '$1')] : [key, value],
  );
}

/** A tmpfs takes the mode of the directory if none is named, and any file system what is in it if `tmpcopyup` says so. */
function inherited(type: string, { data, copyUp }: MountOptions): FilesystemMount['inherits'] {
  const asked = (key: string) => data.findLast(([name]) => name === key)?.[1];
  const mode = asked('mode');
  if (!copyUp && (type !== 'tmpfs' || mode !== undefined)) return null;
  const id = (key: 'uid' | 'gid'): Inheritance['uid'] => {
    const value = toIdAsTheKernel(asked(key) ?? '');
    return containerId(typeof value === 'number' ? value : 0);
  };
  return {
    content: copyUp,
    mode: mode && /^[0-7]+$/.test(mode) ? Number.parseInt(mode, 8) : null,
    uid: id('uid'),
    gid: id('gid'),
  };
}
