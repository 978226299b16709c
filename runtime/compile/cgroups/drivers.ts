/** The one place that knows which cgroup drivers there are. */
import type { CgroupDriverName } from '../../../spec/cgroup-drivers.js';
import type { Launch } from '../launch/launch.js';
import { cgroupfs } from './cgroupfs.js';
import { disabled } from './disabled.js';
import type { CgroupDriver } from './driver.js';
import { systemd } from './systemd/systemd.js';

export const drivers: Readonly<Record<CgroupDriverName, CgroupDriver>> = { cgroupfs, systemd, disabled };

export function driverNamed(name: CgroupDriverName): CgroupDriver {
  return drivers[name];
}

/** That of the command line; where a container is ended by another program than its own, that of its state.json. */
export function driverOf({ options }: Launch): CgroupDriver {
  return driverNamed(options.cgroupManager);
}
