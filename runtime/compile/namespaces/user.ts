/**
 * A new user namespace (user_namespaces(7); config-linux.md "User namespace mappings"). clone3(2) makes it before all others, so that these belong to it. Until
 * its maps are written nobody in it is anybody: init still has the ids of whoever started it, opens by them what only these can reach, and then
 * becomes root of the namespace.
 */

import { mapText } from '../../../spec/id-mappings.js';
import { TemplateField } from '../../../spec/instructions.js';
import { AT_FDCWD, Prctl } from '../../../spec/kernel.js';
import type { Action } from '../../program/action.js';
import { when } from '../../program/control.js';
import { buffer, characters, field, type Slot, slot, text } from '../../program/operand.js';
import { format, type Line, move, sys } from '../../program/step.js';
import { operation } from '../idioms/operation.js';
import { writeFile } from '../idioms/write-file.js';
import { isHostRoot, mapsOwnId, needsMapHelpers } from '../launch/confined.js';
import { type Launch, makesUsers, rule } from '../launch/launch.js';
import { type Joined, namespaceFlags } from './namespaces.js';

export const undumpable: Line = sys('prctl', [Prctl.SET_DUMPABLE, 0, 0, 0, 0]);

/**
 * Files of a process that is not dumpable belong to root of the host (proc(5)), and whoever is not could not open uid_map of init. So init is born dumpable, and is so
 * until it has its maps. Who may look into it then are processes of its own caller, and none in a container, which has no rights over this namespace.
 */
export function mapsAreOpen(launch: Launch): boolean {
  return makesUsers(launch) && !isHostRoot(launch);
}

/** Host track, right before init is started: it is born as the host is. */
export function letMapsBeWritten(launch: Launch): readonly Action[] {
  if (!mapsAreOpen(launch)) return [];
  return [
    operation(
      { kind: 'let-maps-be-written', because: rule('user namespace') },
      [sys('prctl', [Prctl.SET_DUMPABLE, 1, 0, 0, 0])],
      { undo: [undumpable] },
    ),
  ];
}

/** Init track: they are written. */
export function closeMaps(launch: Launch): readonly Action[] {
  if (!mapsAreOpen(launch)) return [];
  return [operation({ kind: 'close-maps', because: rule('CVE-2016-9962') }, [undumpable])];
}

/** Host track, init being there: it waits. Those that are ours to write (map-helpers.ts has the others). */
export function mapIds(launch: Launch): readonly Action[] {
  if (!makesUsers(launch) || needsMapHelpers(launch)) return [];
  const { open, cells, config } = launch;
  const { uidMappings, gidMappings } = config.linux;
  const path = buffer('process_directory_path', 40);
  const directory = slot('process_directory', -1);
  const map = (name: string, written: string) =>
    writeFile(open, directory, name, characters(name, written), 'map_fd');
  const uids = mapText(uidMappings);
  const gids = mapText(gidMappings);
  const denies = mapsOwnId(launch);
  const lines = (written: string): readonly string[] => written.trimEnd().split('\n');
  return [
    operation(
      {
        kind: 'map-ids',
        uids: lines(uids),
        gids: lines(gids),
        ...(denies ? { denies } : {}),
        because: launch.because('linux', 'uidMappings'),
      },
      [
        format(path, ['/proc/', field(TemplateField.DECIMAL, cells.pid)]),
        sys('openat', [AT_FDCWD, path, open.PATH | open.DIRECTORY | open.CLOEXEC, 0], { to: directory }),
        ...(denies ? map('setgroups', 'deny') : []),
        ...map('uid_map', uids),
        ...map('gid_map', gids),
        sys('close', [directory]),
      ],
    ),
  ];
}

/** Namespaces that init is born in. */
export interface BornInto {
  /** Host track, right before init is started, and right after. */
  readonly enter: readonly Action[];
  readonly leave: readonly Line[];
}

/**
 * Those that are joined may belong to the host, where root of the new user namespace has no rights: the host goes there itself, starts init, and comes back.
 */
export function bornInto(launch: Launch, joined: readonly Joined[]): BornInto {
  if (!makesUsers(launch)) return { enter: [], leave: [] };
  const { open } = launch;
  const own = new Map<Joined, Slot>(joined.map(n => [n, slot(`own_${n.type}`, -1)]));
  const back = (fd: Slot, n: Joined): readonly Line[] =>
    when(fd, 'GE', 0, [sys('setns', [fd, namespaceFlags[n.type]]), sys('close', [fd]), move(fd, -1)]);
  return {
    enter: [...own].map(([n, fd]) =>
      operation(
        {
          kind: 'join-namespace',
          type: n.type,
          path: n.path,
          because: launch.because('linux', 'namespaces', n.index),
        },
        [
          sys(
            'openat',
            [AT_FDCWD, text(`/proc/self/ns/${fileOf[n.type] ?? n.type}`), open.RDONLY | open.CLOEXEC, 0],
            {
              to: fd,
            },
          ),
          sys('setns', [n.fd, namespaceFlags[n.type]]),
        ],
        { undo: back(fd, n) },
      ),
    ),
    leave: [...own].flatMap(([n, fd]) => back(fd, n)),
  };
}

const fileOf: Readonly<Record<string, string>> = { network: 'net' };
