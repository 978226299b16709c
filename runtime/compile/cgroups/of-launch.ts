/** The cgroups of a launch, and what sees whether they are frozen. */
import type { Launch } from '../launch/launch.js';
import { type FrostSensor, freezersOf, frostSensor } from './freezer.js';
import { planCgroups } from './plan.js';

const plans = new WeakMap<Launch, ReturnType<typeof planCgroups>>();

/** The plan of a launch, made once: its buffers are shared by all who mention a path. */
export function cgroupPlan(launch: Launch): ReturnType<typeof planCgroups> {
  const known = plans.get(launch);
  if (known) return known;
  const { facts, options, normal, cells } = launch;
  const made = planCgroups(
    options.cgroupManager === 'disabled' ? { layout: 'none' } : facts.cgroup,
    normal.linux.cgroupsPath,
    cells.id,
  );
  plans.set(launch, made);
  return made;
}

const sensors = new WeakMap<Launch, FrostSensor>();

/** Sees whether the cgroups of a launch are frozen. */
export function frostOf(launch: Launch): FrostSensor {
  const known = sensors.get(launch);
  if (known) return known;
  const made = frostSensor(launch.open, freezersOf(cgroupPlan(launch)));
  sensors.set(launch, made);
  return made;
}
