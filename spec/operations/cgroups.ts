import type { Catalog } from './catalog.js';

export const cgroups = {} as const satisfies Catalog;
