/** All checks, in the order in which they are told: each rests on those before it. */
import { cgroups } from './cgroups.js';
import { containerd, containerdPaths } from './containerd.js';
import { docker, dockerPaths } from './docker.js';
import { hooks } from './hooks.js';
import { kernel, module } from './kernel.js';
import { logins } from './logins.js';
import { podman, podmanPaths } from './podman.js';
import { automounts, propagation, shares } from './shares.js';
import { slurm, slurmPaths } from './slurm.js';
import type { Check } from './subject.js';
import { pins, registryCheck, skeleton, trees } from './trees.js';
import { labels, states, subordinateIds, userNamespaces } from './users.js';

export const checks: readonly Check[] = [
  { name: 'kernel', look: kernel },
  { name: 'module', look: module },
  { name: 'cgroups', look: cgroups },
  { name: 'user namespaces', look: userNamespaces },
  { name: 'labels', look: labels },
  { name: 'subordinate ids', look: subordinateIds },
  { name: 'states', look: states },
  { name: 'shares', look: shares },
  { name: 'automounts', look: automounts },
  { name: 'propagation', look: propagation },
  { name: 'registry', look: registryCheck },
  { name: 'trees', look: trees },
  { name: 'pins', look: pins },
  { name: 'skeleton', look: skeleton },
  { name: 'hooks', look: hooks },
  { name: 'podman', look: podman, paths: podmanPaths },
  { name: 'containerd', look: containerd, paths: containerdPaths },
  { name: 'docker', look: docker, paths: dockerPaths },
  { name: 'slurm', look: slurm, paths: slurmPaths },
  { name: 'logins', look: logins },
];
