import type { Track } from '../../program/action.js';
import type { Line } from '../../program/step.js';
import { becomeMappedRoot } from '../idioms/mapped-root.js';
import type { Launch } from '../launch/launch.js';
import { hasUsers, makesUsers } from '../launch/launch.js';
import type { Contribution } from '../launch/phases.js';
import { type BehindDoor, type Door, joinsUsers, openDoor } from './door.js';
import type { IdMaps } from './id-maps.js';
import { mapHelpers } from './map-helpers.js';
import { enterJoined, joinedNamespaces, loopback, openJoined, unshareCgroup } from './namespaces.js';
import { netDevices } from './net-devices.js';
import { timeNamespace } from './time.js';
import { bornInto, closeMaps, letMapsBeWritten, mapIds, mapsAreOpen, undumpable } from './user.js';

export interface NamespacesInLaunch {
  readonly contribution: Contribution;
  /** Host track, right after init has been started. */
  readonly started: readonly Line[];
  /** Those by path, if one of them is a user namespace: what starts init then. */
  readonly door: ((init: BehindDoor) => Door) | null;
  /** Of others than init. */
  readonly tracks: readonly Track[];
}

/** Namespaces that are made by clone3(2) are flags of it (namespaces.ts). */
export function namespacesInLaunch(launch: Launch, maps: IdMaps): NamespacesInLaunch {
  const joined = joinedNamespaces(launch);
  const inHost = makesUsers(launch) ? joined.filter(({ type }) => type !== 'pid') : [];
  const byDoor = joinsUsers(launch);
  const born = bornInto(launch, inHost);
  const time = timeNamespace(launch);
  const helpers = mapHelpers(launch);
  return {
    contribution: {
      host: {
        'joined-namespaces': openJoined(launch, joined, byDoor),
        clocks: [...maps.make, ...born.enter, ...time.make, ...letMapsBeWritten(launch)],
        maps: [...mapIds(launch), ...helpers.ask],
        network: netDevices(launch),
      },
      init: {
        sources: time.inInit,
        'mapped-root': hasUsers(launch) ? [...closeMaps(launch), becomeMappedRoot(launch.config)] : [],
        'cgroup-namespace': unshareCgroup(launch),
        namespaces: enterJoined(launch, byDoor ? [] : joined.filter(n => !inHost.includes(n))),
        loopback: loopback(launch),
      },
    },
    started: [...(mapsAreOpen(launch) ? [undumpable] : []), ...time.leave, ...born.leave],
    door: byDoor ? init => openDoor(launch, joined, init) : null,
    tracks: helpers.tracks,
  };
}
