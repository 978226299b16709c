/** From records to steps, each kind by its function. */
import type { Action } from '../../program/action.js';
import type { Slot } from '../../program/operand.js';
import type { CgroupDirectory } from '../cgroups/driver.js';
import { detachReal } from '../idioms/detach-real.js';
import { withLines } from '../idioms/operation.js';
import type { IdMapOf } from '../launch/id-map-of.js';
import type { Launch } from '../launch/launch.js';
import { mountCgroups } from './cgroup-mount.js';
import { bindDevice } from './confined.js';
import type { Places } from './destination.js';
import { type MakeNode, makeDevice } from './make-device.js';
import { bind, filesystem, remount } from './make-mount.js';
import type { Planned, PlannedMount } from './planned.js';

/** What the steps of one root share. */
export interface Workshop {
  readonly launch: Launch;
  readonly places: Places;
  /** The directories of the container's cgroups. */
  readonly cgroups: readonly CgroupDirectory[];
  /** The container's /dev, once it is open. */
  readonly dev: Slot;
  readonly makeNode: MakeNode;
  readonly idMapOf: IdMapOf;
}

export function make(workshop: Workshop, planned: Planned): Action {
  switch (planned.kind) {
    case 'action':
      return planned;
    case 'device':
      return makeDevice(workshop, planned.does);
    case 'bound-device':
      return bindDevice(workshop.launch, workshop, planned.does);
    default:
      return uncovered(workshop, planned, mount(workshop, planned));
  }
}

function mount({ launch, places, cgroups, idMapOf }: Workshop, planned: PlannedMount): Action {
  switch (planned.kind) {
    case 'bind':
      return bind(launch, places, idMapOf, planned);
    case 'filesystem':
      return filesystem(launch, places, idMapOf, planned);
    case 'cgroup':
      return mountCgroups(launch, places, cgroups, planned);
    case 'remount':
      return remount(launch, places, planned);
  }
}

function uncovered({ launch }: Workshop, { uncovers }: PlannedMount, made: Action): Action {
  if (uncovers.length === 0) return made;
  return withLines(made, [...uncovers.flatMap(path => detachReal(launch.open, path)), ...made.lines]);
}
