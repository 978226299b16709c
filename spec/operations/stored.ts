import type { Catalog } from './catalog.js';

export const stored = {} as const satisfies Catalog;
