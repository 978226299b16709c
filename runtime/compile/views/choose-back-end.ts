/**
 * The one place that knows which back ends there are. Each is a small compiler of the same input (kmod.ts, pinned.ts, private.ts).
 */

import type { Launch } from '../launch/launch.js';
import { prepareRoot } from '../root/prepare.js';
import { privateWay, refuseWithoutNamespace } from '../root/private.js';
import type { BackEnd } from './back-end.js';
import { announce, privateRoot, showPoints } from './environment-mounts.js';
import { kmodBackEnd } from './kmod.js';
import { pinnedBackEnd } from './pinned.js';

function privateBackEnd(given: Launch): BackEnd {
  const { environment, placement } = given;
  const shown = environment !== null && (environment.hostView.length > 0 || environment.readonly);
  const root =
    environment === null ? null : [...privateRoot(given, environment), ...showPoints(given, environment)];
  const launch: Launch = !shown
    ? given
    : {
        ...given,
        // Its shares have to be mounted somewhere, and a tree made read-only.
        namespaces: given.namespaces.has('mount')
          ? given.namespaces
          : new Map([...given.namespaces, ['mount', 'new']]),
        placement: { ...placement, hostDevices: environment.hostView.includes('/dev') },
      };
  return {
    launch,
    open: announce(launch),
    settled: [],
    prepareRoot: (input, refuse) => {
      const prepared = prepareRoot(launch, input, refuse, privateWay(launch, root));
      refuseWithoutNamespace(launch, refuse);
      return prepared;
    },
  };
}

export function backEndOf(launch: Launch): BackEnd {
  const { environment } = launch;
  if (environment?.link) return kmodBackEnd(launch, environment, environment.link);
  return environment?.pin ? pinnedBackEnd(launch, environment, environment.pin) : privateBackEnd(launch);
}
