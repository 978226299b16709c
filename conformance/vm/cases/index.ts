import type { MachineCase } from '../case.js';
import { cgroupCases } from './cgroups.js';
import { kmodCases } from './kmod.js';
import { labCases } from './lab.js';
import { podmanCases } from './podman.js';

export const cases: readonly MachineCase[] = [...labCases, ...cgroupCases, ...podmanCases, ...kmodCases];
