/**
 * What a root in a user namespace gets in the place of what only the host's root can make (user_namespaces(7), "Capabilities"): a pass over the plan.
 * No node of a device can be made, so the host's is bound; a file system of the kernel's can be mounted only by who owns the namespace that it
 * shows, so where the kernel refuses it the host's is bound; and a file system takes ids that are mapped.
 */
import { errnos } from '../../../spec/errno.js';
import { toIdAsTheKernel } from '../../../spec/ids.js';
import {
  AT_EMPTY_PATH,
  MountAttr,
  OPEN_TREE_CLOEXEC,
  OPEN_TREE_CLONE,
  S_IFMT,
  STATX_BASIC_STATS,
  Statx,
} from '../../../spec/kernel.js';
import type { NamespaceType } from '../../../spec/normal-config.js';
import type { OperationOf } from '../../../spec/operations/index.js';
import type { Action } from '../../program/action.js';
import { buffer, type Slot, slot, text } from '../../program/operand.js';
import { alu, guard, type Line, load, resolve, sys } from '../../program/step.js';
import { attach, setAttributes } from '../idioms/mount-steps.js';
import { operation } from '../idioms/operation.js';
import { isConfined, isMappedGid } from '../launch/confined.js';
import type { Launch } from '../launch/launch.js';
import type { Places } from './destination.js';
import { fileTypes } from './make-device.js';
import type { Pass, PlannedDevice, PlannedFilesystem } from './planned.js';

interface Kernels {
  /** Where the host has it. */
  readonly place: string;
  /** Of which namespace it is. */
  readonly of: NamespaceType;
  /** That of the host will do for a namespace that is joined, too: it tells of devices above all. */
  readonly forJoined: boolean;
}

/** File systems of the kernel's. In another namespace the queues and processes of the host's are not those of the container, and none of its business. */
const kernels: ReadonlyMap<string, Kernels> = new Map<string, Kernels>([
  ['sysfs', { place: '/sys', of: 'network', forJoined: true }],
  ['mqueue', { place: '/dev/mqueue', of: 'ipc', forJoined: false }],
  ['proc', { place: '/proc', of: 'pid', forJoined: false }],
]);

export function confinedRoot(launch: Launch): readonly Pass[] {
  if (!isConfined(launch)) return [];
  return [
    planned => {
      switch (planned.kind) {
        case 'device':
          return [bound(planned)];
        case 'filesystem':
          return [withMappedIds(launch, withOtherwise(launch, planned))];
        default:
          return [planned];
      }
    },
  ];
}

/** A FIFO is nobody's device: it is made as ever. */
function bound(planned: PlannedDevice): ReturnType<Pass>[number] {
  const { path, type, major, minor, because } = planned.does;
  if (type === 'p') return planned;
  return { kind: 'bound-device', does: { kind: 'bind-device', path, type, major, minor, because } };
}

function withOtherwise(launch: Launch, planned: PlannedFilesystem): PlannedFilesystem {
  const known = kernels.get(planned.entry.type);
  if (known === undefined) return planned;
  const other = launch.namespaces.get(known.of);
  if (other === 'new' || (other !== undefined && !known.forJoined)) return planned;
  return { ...planned, does: { ...planned.does, otherwise: known.place } };
}

/** The group of terminals is 5 in every config.json; where it is not mapped, the kernel would refuse the mount. */
function withMappedIds(launch: Launch, planned: PlannedFilesystem): PlannedFilesystem {
  const { entry, does } = planned;
  if (entry.type !== 'devpts') return planned;
  const isUnmapped = (value: string): boolean => {
    const id = toIdAsTheKernel(value);
    return typeof id === 'number' && !isMappedGid(launch, id);
  };
  const lost = entry.data.filter(([key, value]) => key === 'gid' && value !== null && isUnmapped(value));
  if (lost.length === 0) return planned;
  const without = lost.map(([key, value]) => `${key}=${value}`);
  return {
    ...planned,
    entry: { ...entry, data: entry.data.filter(one => !lost.includes(one)) },
    does: { ...does, options: does.options.filter(word => !without.includes(word)), without },
  };
}

/** Place of a bound device: in /dev no link leads elsewhere. */
function openPlace(places: Places, dev: Slot, does: OperationOf<'bind-device'>, to: Slot): readonly Line[] {
  const below = /^\/dev\/(.+)$/.exec(does.path)?.[1];
  return below === undefined
    ? places.open({ path: does.path, make: 'file' }, to, does)
    : [resolve({ root: dev, path: text(below), how: 'NOFOLLOW', make: 'file' }, { to })];
}

/** Read-only, so that nobody inside changes the mode or the owner of the host's node; what is behind a device does not look at that. */
export function bindDevice(
  launch: Launch,
  { places, dev }: { readonly places: Places; readonly dev: Slot },
  does: OperationOf<'bind-device'>,
): Action {
  const mount = slot('device_mount');
  const destination = slot('device_destination');
  const stat = buffer('bound_stat', 256);
  const value = slot('bound_value');
  const { ENODEV } = errnos;
  return operation(does, [
    ...launch.placement.openSource(text(does.path), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC, mount),
    sys('statx', [mount, text(''), AT_EMPTY_PATH, STATX_BASIC_STATS, stat]),
    load(value, 'U16', stat, Statx.MODE),
    alu(value, value, 'AND', S_IFMT),
    guard(value, 'EQ', fileTypes[does.type], ENODEV.number),
    load(value, 'U32', stat, Statx.RDEV_MAJOR),
    guard(value, 'EQ', does.major, ENODEV.number),
    load(value, 'U32', stat, Statx.RDEV_MINOR),
    guard(value, 'EQ', does.minor, ENODEV.number),
    setAttributes(mount, MountAttr.RDONLY | MountAttr.NOSUID, 0, 0, false),
    ...openPlace(places, dev, does, destination),
    attach(mount, destination),
    sys('close', [mount]),
    sys('close', [destination]),
  ]);
}
