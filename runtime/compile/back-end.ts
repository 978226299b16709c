/**
 * The one place that knows which back ends there are. Each is a small compiler of the same input (pinned.ts, private.ts; kmod.ts will be the third).
 */
import type { Action } from '../program/action.js';
import { announce, showPoints } from './environment-mounts.js';
import type { Launch } from './launch.js';
import { pinnedBackEnd } from './pinned.js';
import { prepareRoot, type RootActions, type RootInput } from './private.js';
import type { Refuse } from './refusal.js';

export interface BackEnd {
  /** The launch as the back end changes it: namespaces, placement. */
  readonly launch: Launch;
  /** Host track, before init. */
  readonly open: readonly Action[];
  /** Host track, once init is where it belongs. */
  readonly settled: readonly Action[];
  /** Init track, up to being in "/" of the container. */
  prepareRoot(input: RootInput, refuse: Refuse): RootActions;
}

function privateBackEnd(given: Launch): BackEnd {
  const { environment, placement } = given;
  const shown = environment !== null && environment.hostView.length > 0;
  const launch: Launch = !shown
    ? given
    : {
        ...given,
        // Its shares have to be mounted somewhere.
        namespaces: given.namespaces.has('mount')
          ? given.namespaces
          : new Map([...given.namespaces, ['mount', '']]),
        placement: { ...placement, hostDevices: environment.hostView.includes('/dev') },
      };
  return {
    launch,
    open: announce(launch),
    settled: [],
    prepareRoot: (input, refuse) =>
      prepareRoot(launch, { ...input, shown: shown ? showPoints(launch, environment) : [] }, refuse),
  };
}

export function backEndOf(launch: Launch): BackEnd {
  const { environment } = launch;
  return environment?.pin ? pinnedBackEnd(launch, environment, environment.pin) : privateBackEnd(launch);
}
