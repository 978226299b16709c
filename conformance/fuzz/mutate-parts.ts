/** The files of `update --resources` and `exec --process`, changed as config.json is. */
import { defaultConfig } from '../../runtime/cli/default-config.js';
import type { Random } from '../harness/random.js';
import { brokenText, type Json, mutateAnywhere } from './mutate-json.js';

const device = { major: 7, minor: 0 };

/** A value for everything that update can set. */
const resources = {
  memory: { limit: 500_000_000, swap: 600_000_000, reservation: 1_000_000, checkBeforeUpdate: true },
  cpu: { shares: 512, quota: 50_000, period: 100_000, burst: 1000, cpus: '0', mems: '0', idle: 0 },
  pids: { limit: 100 },
  blockIO: {
    weight: 100,
    throttleReadBpsDevice: [{ ...device, rate: 10_000_000 }],
    throttleWriteIOPSDevice: [{ ...device, rate: 1000 }],
  },
  hugepageLimits: [{ pageSize: '2MB', limit: 0 }],
  network: { classID: 1, priorities: [{ name: 'lo', priority: 1 }] },
  rdma: { mlx5_0: { hcaHandles: 1 } },
  unified: { 'memory.high': '1' },
  devices: [{ allow: false, access: 'rwm' }],
} as const;

function mutated(random: Random, whole: Json): string {
  const value = structuredClone(whole);
  for (let changes = 1 + random.below(3); changes > 0; changes--) mutateAnywhere(random, value);
  return brokenText(random, value);
}

/** Some of the limits, so that not every file asks for one that this host has not. */
export function mutatedResources(random: Random): string {
  const some = Object.fromEntries(Object.entries(resources).filter(() => random.chance(30)));
  return mutated(random, JSON.parse(JSON.stringify(some)) as Json);
}

export function mutatedProcess(random: Random): string {
  return mutated(random, JSON.parse(JSON.stringify(defaultConfig().process)) as Json);
}
