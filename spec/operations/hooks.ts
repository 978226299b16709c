import type { Catalog } from './catalog.js';

export const hooks = {} as const satisfies Catalog;
