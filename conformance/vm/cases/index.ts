import type { MachineCase } from '../case.js';
import { cgroupLifeCases } from './cgroup-life.js';
import { cgroupCases } from './cgroups.js';
import { kmodCases } from './kmod.js';
import { labCases } from './lab.js';
import { limitCases } from './limits.js';
import { podmanCases } from './podman.js';

export const cases: readonly MachineCase[] = [
  ...labCases,
  ...cgroupCases,
  ...cgroupLifeCases,
  ...limitCases,
  ...podmanCases,
  ...kmodCases,
];
