import type { MachineCase } from '../case.js';
import { apparmorCases } from './apparmor.js';
import { cgroupLifeCases } from './cgroup-life.js';
import { cgroupCases } from './cgroups.js';
import { checkpointCases } from './checkpoint.js';
import { dockerCases } from './docker.js';
import { hookCases } from './hooks.js';
import { kmodCases } from './kmod.js';
import { kmodChosCases } from './kmod-chos.js';
import { kmodEnteringCases } from './kmod-entering.js';
import { kmodLoginCases } from './kmod-login.js';
import { kmodServiceCases } from './kmod-service.js';
import { kmodSlurmCases } from './kmod-slurm.js';
import { kmodUserCases } from './kmod-users.js';
import { labCases } from './lab.js';
import { limitCases } from './limits.js';
import { podmanCases } from './podman.js';
import { podmanSystemdCases } from './podman-systemd.js';
import { schedulingCases } from './scheduling.js';
import { systemdCases } from './systemd.js';
import { systemdCheckpointCases } from './systemd-checkpoint.js';
import { systemdStopCases } from './systemd-stops.js';
import { systemdUnitCases } from './systemd-units.js';
import { updateCases } from './update.js';

export const cases: readonly MachineCase[] = [
  ...labCases,
  ...cgroupCases,
  ...cgroupLifeCases,
  ...limitCases,
  ...schedulingCases,
  ...checkpointCases,
  ...updateCases,
  ...podmanCases,
  ...systemdCases,
  ...systemdCheckpointCases,
  ...systemdStopCases,
  ...systemdUnitCases,
  ...podmanSystemdCases,
  ...apparmorCases,
  ...dockerCases,
  ...hookCases,
  ...kmodCases,
  ...kmodEnteringCases,
  ...kmodUserCases,
  ...kmodChosCases,
  ...kmodLoginCases,
  ...kmodServiceCases,
  ...kmodSlurmCases,
];
