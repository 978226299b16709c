import type { Catalog } from './catalog.js';

export const root = {} as const satisfies Catalog;
