/** Maps of ids: those of a user namespace, and those of mounts, which may be written as an option as well. */
import type { IdMapping, Mount } from '../../../spec/generated/config.js';
import { containerId, hostId, largestId } from '../../../spec/ids.js';
import type { NormalIdMap, NormalIdMapping } from '../../../spec/normal-mount.js';

export function normalMappings(mappings: readonly IdMapping[] = []): readonly NormalIdMapping[] {
  return mappings.map(({ containerID, hostID, size }) => ({
    container: containerId(containerID),
    host: hostId(hostID),
    size,
  }));
}

export interface IdMaps {
  readonly uids: readonly IdMapping[];
  readonly gids: readonly IdMapping[];
}

export const noMaps: IdMaps = { uids: [], gids: [] };

/** The option that asks for a map: `idmap`, `ridmap`, and of crun `idmap=uids=0-1-10#10-11-10;gids=0-100-10`. The last one counts. */
export function mapOption({ options = [] }: Mount): { readonly index: number; readonly word: string } | null {
  const index = options.findLastIndex(word => /^r?idmap(=|$)/.test(word));
  return index < 0 ? null : { index, word: options[index] ?? '' };
}

/** What stands behind `idmap=`. An id behind `@` is one of the container's. Null: it is written in another form. */
export function writtenMaps(word: string, container: IdMaps): IdMaps | null {
  const text = word.slice(word.indexOf('=') + 1);
  const maps: { uids?: readonly IdMapping[]; gids?: readonly IdMapping[] } = {};
  for (const part of text.split(';')) {
    const [, name, list = ''] = /^(uids|gids)=(.*)$/.exec(part) ?? [];
    if (name !== 'uids' && name !== 'gids') return null;
    const mappings = list.split('#').map(one => writtenMapping(one, container[name]));
    if (maps[name] !== undefined || mappings.includes(null)) return null;
    maps[name] = mappings.filter(one => one !== null);
  }
  const { uids = [], gids = [] } = maps;
  return { uids, gids };
}

/** Stored id, shown id, how many. */
function writtenMapping(text: string, container: readonly IdMapping[]): IdMapping | null {
  const [, relative, ...digits] = /^(@?)(\d{1,10})-(\d{1,10})-(\d{1,10})$/.exec(text) ?? [];
  const [containerID = -1, shown = -1, size = -1] = digits.map(Number);
  if (relative === undefined || containerID > largestId || shown > largestId) return null;
  if (relative === '') return { containerID, hostID: shown, size };
  const within = container.find(one => shown >= one.containerID && shown < one.containerID + one.size);
  return within ? { containerID, hostID: within.hostID + shown - within.containerID, size } : null;
}

/** One that has passed the checks. `container`: the maps of its user namespace. */
export function normalIdMap(mount: Mount, container: IdMaps): NormalIdMap | null {
  const option = mapOption(mount);
  const { uidMappings = [], gidMappings = [] } = mount;
  const own = { uids: uidMappings, gids: gidMappings };
  if (option === null && uidMappings.length === 0) return null;
  const written = option?.word.includes('=') ? writtenMaps(option.word, container) : null;
  const { uids, gids } = written ?? (uidMappings.length > 0 ? own : container);
  return {
    uids: normalMappings(uids),
    gids: normalMappings(gids),
    recursive: option?.word.startsWith('r') ?? false,
  };
}
