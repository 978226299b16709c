/**
 * Who makes the cgroups of containers: the values of --cgroup-manager, and of `cgroupManager` in state.json. What each does: runtime/compile/cgroups/drivers.ts.
 */
export const cgroupDrivers = ['cgroupfs', 'systemd', 'disabled'] as const;

export type CgroupDriverName = (typeof cgroupDrivers)[number];
