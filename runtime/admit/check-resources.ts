import type { LinuxCpu, LinuxMemory, LinuxResources } from '../../spec/generated/config.js';
import { type Note, noteKey, type ValuePath } from './diagnostic.js';

/** `linux.resources`, or the whole of the file given to update --resources: `base` tells which. There limits may hold already that it does not name. */
export function checkResources(resources: LinuxResources, base: ValuePath, note: Note, warn: Note): void {
  const updated = base.length === 0;
  for (const [index, { access = '' }] of (resources.devices ?? []).entries())
    if (access === '') warn([...base, 'devices', index, 'access'], { kind: 'without-effect' });
  if (resources.memory !== undefined) checkMemory(resources.memory, [...base, 'memory'], updated, note);
  if (resources.cpu !== undefined) checkCpu(resources.cpu, [...base, 'cpu'], note);
  for (const name of Object.keys(resources.unified ?? {})) checkCgroupFile(name, [...base, 'unified'], note);
  for (const [device, limits] of Object.entries(resources.rdma ?? {})) {
    if (limits.hcaHandles !== undefined || limits.hcaObjects !== undefined) continue;
    note([...base, 'rdma', device], { kind: 'needs', property: 'hcaHandles or hcaObjects' });
  }
  for (const [index, device] of (resources.blockIO?.weightDevice ?? []).entries()) {
    if (device.weight !== undefined || device.leafWeight !== undefined) continue;
    note([...base, 'blockIO', 'weightDevice', index], { kind: 'needs', property: 'weight or leafWeight' });
  }
}

/** `swap` is memory and swap together, so that less than `limit` cannot be. */
function checkMemory({ limit, swap }: LinuxMemory, base: ValuePath, updated: boolean, note: Note): void {
  // -1 is no limit, and 0 is what callers in Go write for none.
  if (swap === undefined || swap <= 0) return;
  if (limit === undefined || limit <= 0) {
    if (!updated) note([...base, 'swap'], { kind: 'needs', property: 'limit' });
  } else if (swap < limit)
    note([...base, 'swap'], { kind: 'below', property: 'limit', limit: String(limit) });
}

function checkCpu({ quota, burst }: LinuxCpu, base: ValuePath, note: Note): void {
  if (quota === undefined || quota <= 0 || burst === undefined || burst <= quota) return;
  note([...base, 'burst'], { kind: 'above', property: 'quota', limit: String(quota) });
}

/** Names of `unified` are files in the container's own cgroup and nowhere else. */
function checkCgroupFile(name: string, path: ValuePath, note: Note): void {
  if (name === '') noteKey(note, path, name, { kind: 'empty' });
  else if (name.includes('/')) noteKey(note, path, name, { kind: 'slash' });
  else if (name === '.' || name === '..') noteKey(note, path, name, { kind: 'dot-dot' });
}
