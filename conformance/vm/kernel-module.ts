import { join } from 'node:path';
import type { Kernel } from './machine.js';
import type { PayloadItem } from './payload.js';

/** The working tree's kernel module for a kernel of the lab, as `make build/kernel-link/VERSION/.made` leaves it. */
export function kernelModule(kernel: Kernel): readonly PayloadItem[] {
  const place = join(process.cwd(), 'build/kernel-link', kernel, 'product');
  return ['chos_link.ko', 'chos.ko'].map(name => ({ from: join(place, name), to: `/lab/${name}` }));
}

/** The slab caches that it allocates from, for `slub_debug`. */
export const cachesOfTheModule = 'chos_link,kmalloc-cg-64';
