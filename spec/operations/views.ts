import type { Catalog } from './catalog.js';

export const views = {} as const satisfies Catalog;
