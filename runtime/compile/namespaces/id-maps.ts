/**
 * Mounts that show other owners (mount_setattr(2), "ID-mapped mounts"): the kernel takes the map from a user namespace, so one is made for each map, by a child
 * that does nothing else. It waits until it is written what its ids are and ends with the socket; what stays is a descriptor of its namespace.
 */
import { mapText } from '../../../spec/id-mappings.js';
import { TemplateField } from '../../../spec/instructions.js';
import { AT_FDCWD, Clone } from '../../../spec/kernel.js';
import type { NormalIdMap } from '../../../spec/normal-mount.js';
import type { Action, Track } from '../../program/action.js';
import {
  buffer,
  cell,
  type Data,
  field,
  label,
  ref,
  type Slot,
  slot,
  slots,
  text,
} from '../../program/operand.js';
import {
  call,
  exit,
  format,
  type Line,
  move,
  recv,
  type Subroutine,
  subroutine,
  sys,
  track,
  waitReap,
} from '../../program/step.js';
import { cloneArguments } from '../idioms/clone.js';
import { operation } from '../idioms/operation.js';
import { socketPair } from '../idioms/socket-pair.js';
import type { IdMapOf } from '../launch/id-map-of.js';
import { type Launch, rule } from '../launch/launch.js';

export interface IdMaps {
  readonly of: IdMapOf;
  /** Host track, before init, which inherits the descriptors. */
  readonly make: readonly Action[];
  readonly tracks: readonly Track[];
}

interface Maker {
  readonly make: Subroutine;
  /** Text and length. */
  readonly uids: Slot;
  readonly gids: Slot;
  readonly made: Slot;
  readonly track: Track;
}

const key = ({ uids, gids }: NormalIdMap): string => `${mapText(uids)};${mapText(gids)}`;

export function idMaps(launch: Launch): IdMaps {
  const fds = new Map<string, Slot>();
  const wanted: { readonly map: NormalIdMap; readonly index: number }[] = [];
  for (const [index, { idMap }] of launch.config.mounts.entries()) {
    if (idMap === null || fds.has(key(idMap))) continue;
    fds.set(key(idMap), slot(`id_map_${fds.size}`, -1));
    wanted.push({ map: idMap, index });
  }
  const of: IdMapOf = ({ idMap }) => (idMap === null ? null : (fds.get(key(idMap)) ?? null));
  if (wanted.length === 0) return { of, make: [], tracks: [] };
  const maker = createMaker(launch);
  return {
    of,
    make: wanted.map(({ map, index }) =>
      operation(
        {
          kind: 'make-id-map',
          uids: mapText(map.uids).trimEnd().split('\n'),
          gids: mapText(map.gids).trimEnd().split('\n'),
          because: launch.because('mounts', index),
        },
        [
          ...written(maker.uids, mapText(map.uids)),
          ...written(maker.gids, mapText(map.gids)),
          call(maker.make),
          move(fds.get(key(map)) ?? maker.made, maker.made),
        ],
      ),
    ),
    tracks: [maker.track],
  };
}

function written(to: Slot, lines: string): readonly Line[] {
  return [move(to, text(lines)), move(cell(to, 1), lines.length)];
}

function createMaker({ open }: Launch): Maker {
  const [ours, its] = [slot('id_map_ours', -1), slot('id_map_its', -1)];
  const [pid, pidfd] = [slot('id_map_pid'), slot('id_map_pidfd', -1)];
  const [uids, gids, made] = [slots('id_map_uids', 2), slots('id_map_gids', 2), slot('id_map_made', -1)];
  const [directory, fd] = [slot('id_map_directory', -1), slot('id_map_file', -1)];
  const path = buffer('id_map_path', 40);
  const begin = label('id_map_begin');
  const name = 'id-map';
  const put = (file: string, map: Slot): readonly Line[] => [
    sys('openat', [directory, text(file), open.WRONLY | open.CLOEXEC, 0], { to: fd }),
    sys('write', [fd, ref(map), cell(map, 1)]),
    sys('close', [fd]),
  ];
  return {
    uids,
    gids,
    made,
    make: subroutine('make_id_map', [
      ...socketPair('map channel', ours, its),
      track(cloneArguments(name, Clone.NEWUSER | Clone.PIDFD, pidfd), name, begin, { to: pid }),
      format(path, ['/proc/', field(TemplateField.DECIMAL, pid)]),
      sys('openat', [AT_FDCWD, path, open.PATH | open.DIRECTORY | open.CLOEXEC, 0], { to: directory }),
      ...put('uid_map', uids),
      ...put('gid_map', gids),
      sys('openat', [directory, text('ns/user'), open.RDONLY | open.CLOEXEC, 0], { to: made }),
      sys('close', [its]),
      sys('close', [ours]),
      waitReap(pidfd, 10_000, { to: fd }),
      ...[directory, pidfd].map(one => sys('close', [one])),
    ]),
    track: holder(name, begin, { ours, its }),
  };
}

/** The child. */
function holder(
  name: string,
  begin: ReturnType<typeof label>,
  { ours, its }: { readonly ours: Slot; readonly its: Slot },
): Track {
  const nothing: Data = buffer('id_map_nothing', 8);
  return {
    name,
    actions: [
      operation({ kind: 'hold-id-map', because: rule('user namespace of a mount') }, [
        begin,
        sys('close', [ours]),
        recv(its, nothing, { to: slots('id_map_received', 2) }),
        exit(0),
      ]),
    ],
    failed: [exit(1)],
  };
}
