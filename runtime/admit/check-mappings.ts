import type { Config, IdMapping } from '../../spec/generated/config.js';
import {
  MAP_TEXT_MOST,
  MAPPED_END,
  MAPPINGS_MOST,
  mapText,
  overlap,
  type Range,
} from '../../spec/id-mappings.js';
import { idOptions, toIdAsTheKernel } from '../../spec/ids.js';
import { formatPath, type Note, type ValuePath } from './diagnostic.js';
import { type IdMaps, mapOption, normalMappings, writtenMaps } from './normal/id-mappings.js';
import { mountKind } from './normal/mounts.js';

type Property = 'uidMappings' | 'gidMappings';

/**
 * The maps of a user namespace (config-linux.md, "User namespace mappings"; user_namespaces(7), "Defining user and group ID mappings"), and whoever has to be in
 * them. The kernel would say EINVAL, or EPERM, to any of it.
 */
export function checkMappings(config: Config, note: Note, warn: Note): void {
  const { namespaces = [] } = config.linux ?? {};
  const at = namespaces.findIndex(({ type }) => type === 'user');
  const isNew = at >= 0 && !namespaces[at]?.path;
  // Root of a new user namespace has no rights over mounts that are there.
  const mounts = namespaces.findIndex(({ type, path }) => type === 'mount' && path);
  if (isNew && mounts >= 0)
    note(['linux', 'namespaces', mounts, 'path'], {
      kind: 'conflict',
      property: formatPath(['linux', 'namespaces', at]),
    });
  for (const property of ['uidMappings', 'gidMappings'] as const) {
    const mappings = config.linux?.[property] ?? [];
    const path = ['linux', property];
    checkMap(mappings, path, note);
    // As with crun and runc, which start.
    if (mappings.length > 0 && at < 0) warn(path, { kind: 'needs-namespace', namespace: 'user' });
    // Who is root nowhere has one of one id without saying so; half of one is a mistake.
    const other = config.linux?.[property === 'uidMappings' ? 'gidMappings' : 'uidMappings'] ?? [];
    if (mappings.length === 0 && other.length > 0 && isNew)
      note(['linux', 'namespaces', at], { kind: 'needs', property: formatPath(path) });
    if (mappings.length > 0 && at >= 0) checkMapped(config, property, mappings, note);
  }
}

/** One map by itself. */
export function checkMap(mappings: readonly IdMapping[], path: ValuePath, note: Note): void {
  if (mappings.length > MAPPINGS_MOST) {
    note(path, { kind: 'too-many', count: mappings.length, limit: MAPPINGS_MOST, scope: 'list' });
    return;
  }
  const bytes = mapText(normalMappings(mappings)).length;
  if (bytes > MAP_TEXT_MOST) note(path, { kind: 'map-too-long', bytes, limit: MAP_TEXT_MOST });
  const before: (readonly [container: Range, host: Range])[] = [];
  for (const [index, { containerID, hostID, size }] of mappings.entries()) {
    const here = [...path, index];
    const most = MAPPED_END - Math.max(containerID, hostID);
    if (size < 1 || size > most)
      note([...here, 'size'], { kind: 'out-of-range', minimum: '1', maximum: String(most) });
    const ranges = [
      { first: containerID, size },
      { first: hostID, size },
    ] as const;
    for (const [side, name] of [
      [0, 'containerID'],
      [1, 'hostID'],
    ] as const) {
      const other = before.findIndex(earlier => overlap(earlier[side], ranges[side]));
      if (other >= 0) note([...here, name], { kind: 'overlaps', first: formatPath([...path, other]) });
    }
    before.push(ranges);
  }
}

/** Root of the container, who sets it up, its user, and the owners of its files. */
function checkMapped(config: Config, property: Property, mappings: readonly IdMapping[], note: Note): void {
  const isUid = property === 'uidMappings';
  const isMapped = (id: number) =>
    mappings.some(({ containerID, size }) => id >= containerID && id < containerID + size);
  const insist = (id: number, path: ValuePath): void => {
    if (!isMapped(id)) note(path, { kind: 'not-mapped', id, property: formatPath(['linux', property]) });
  };
  const { uid = 0, gid = 0, additionalGids = [] } = config.process.user ?? {};
  const user = ['process', 'user'];
  if (isUid) insist(uid, [...user, 'uid']);
  if (!isUid) insist(gid, [...user, 'gid']);
  if (!isUid)
    for (const [index, id] of additionalGids.entries()) insist(id, [...user, 'additionalGids', index]);
  for (const [index, mount] of (config.mounts ?? []).entries()) {
    // The group of terminals is left out where it is nobody's (runtime/compile/root/confined.ts).
    if (mountKind(mount) !== 'filesystem' || mount.type === 'devpts') continue;
    for (const [at, option] of (mount.options ?? []).entries()) {
      const [, key = '', value = ''] = /^([^=]*)=(.*)$/.exec(option) ?? [];
      const id = toIdAsTheKernel(value);
      if (idOptions.has(key) && key.startsWith('g') !== isUid && typeof id === 'number')
        insist(id, ['mounts', index, 'options', at]);
    }
  }
}

/** Maps of mounts (config-linux.md, "Mounts"; mount_setattr(2), "ID-mapped mounts"). */
export function checkMappedMounts({ mounts = [], linux = {} }: Config, note: Note): void {
  const container = { uids: linux.uidMappings ?? [], gids: linux.gidMappings ?? [] };
  for (const [index, mount] of mounts.entries()) {
    const here = ['mounts', index];
    const { uidMappings = [], gidMappings = [] } = mount;
    const option = mapOption(mount);
    if (option === null && uidMappings.length + gidMappings.length === 0) continue;
    const asked = option === null ? here : [...here, 'options', option.index];
    const kind = mountKind(mount);
    if (kind === 'remount' || kind === 'cgroup') note(asked, { kind: 'not-mappable', of: kind });
    for (const [property, mine, other, others] of [
      ['uidMappings', uidMappings, 'gidMappings', gidMappings],
      ['gidMappings', gidMappings, 'uidMappings', uidMappings],
    ] as const) {
      checkMap(mine, [...here, property], note);
      if (mine.length > 0 && others.length === 0)
        note([...here, property], { kind: 'needs', property: formatPath([...here, other]) });
    }
    if (option?.word.includes('=')) checkWritten(option.word, container, asked, note);
    else if (uidMappings.length + gidMappings.length + container.uids.length === 0)
      note(asked, { kind: 'needs', property: formatPath([...here, 'uidMappings']) });
  }
}

function checkWritten(word: string, container: IdMaps, path: ValuePath, note: Note): void {
  const written = writtenMaps(word, container);
  const sound = written !== null && [written.uids, written.gids].every(isSound);
  if (!sound) note(path, { kind: 'wrong-form', form: 'id-map' });
}

function isSound(map: readonly IdMapping[]): boolean {
  let faults = map.length === 0 ? 1 : 0;
  checkMap(map, [], () => {
    faults += 1;
  });
  return faults === 0;
}
