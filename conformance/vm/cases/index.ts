import type { MachineCase } from '../case.js';
import { cgroupCases } from './cgroups.js';
import { labCases } from './lab.js';

export const cases: readonly MachineCase[] = [...labCases, ...cgroupCases];
