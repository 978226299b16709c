/**
 * Devices of a container, as records (config-linux.md, "Default Devices", "Devices", "Dev symbolic links"); make-device.ts has their steps.
 */
import type { OperationOf } from '../../../spec/operations/index.js';
import { type Launch, rule } from '../launch/launch.js';
import { sourcePath } from './mounts.js';
import type { PlannedDevice } from './planned.js';

type Device = OperationOf<'device'>;

const defaults: readonly (readonly [path: string, major: number, minor: number])[] = [
  ['/dev/null', 1, 3],
  ['/dev/zero', 1, 5],
  ['/dev/full', 1, 7],
  ['/dev/random', 1, 8],
  ['/dev/urandom', 1, 9],
  ['/dev/tty', 5, 0],
];

/** A /dev that comes from somewhere else (a bind mount, the environment): it is taken as it is, and nothing is made in it. Null: it is the container's own. */
export function givenDev(launch: Launch): { readonly hostPath: string; readonly byConfig: boolean } | null {
  const last = launch.config.mounts.findLast(m => m.place === '/dev' && m.kind !== 'remount');
  if (last === undefined) return launch.placement.hostDevices ? { hostPath: '/dev', byConfig: false } : null;
  if (last.kind !== 'bind') return null;
  return { hostPath: sourcePath(launch, last), byConfig: true };
}

export const isBelowDev = ({ path }: Device): boolean => path.startsWith('/dev/');

export function configuredDevices(launch: Launch): readonly Device[] {
  return launch.config.linux.devices.map(({ index, place, ...device }) => ({
    kind: 'device',
    path: place,
    ...device,
    because: launch.because('linux', 'devices', index),
  }));
}

/** The default ones, but for those that config.json gives itself, then its own. In a /dev that is somebody else's none is made. */
export function plannedDevices(launch: Launch): readonly PlannedDevice[] {
  const given = givenDev(launch) !== null;
  const configured = configuredDevices(launch).filter(d => !given || !isBelowDev(d));
  const byDefault: readonly Device[] = given
    ? []
    : defaults
        .filter(([path]) => !configured.some(d => d.path === path))
        .map(([path, major, minor]) => defaultDevice(path, major, minor));
  return [...byDefault, ...configured].map(does => ({ kind: 'device', does }));
}

function defaultDevice(path: string, major: number, minor: number): Device {
  const because = rule('default devices');
  return { kind: 'device', path, type: 'c', major, minor, mode: 0o666, uid: 0, gid: 0, because };
}
