import type { Catalog } from './catalog.js';

export const pins = {} as const satisfies Catalog;
