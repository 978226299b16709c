import type { Catalog } from './catalog.js';

export const container = {} as const satisfies Catalog;
