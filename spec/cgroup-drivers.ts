/**
 * Who makes the cgroups of containers: the values of --cgroup-manager, and of `cgroupManager` in state.json. What each does: runtime/compile/cgroups/drivers.ts.
 */
export const cgroupDrivers = ['cgroupfs', 'disabled'] as const;

/** Callers know them, and this version refuses them. */
export const absentCgroupDrivers = ['systemd'] as const;

export type CgroupDriverName = (typeof cgroupDrivers)[number];
