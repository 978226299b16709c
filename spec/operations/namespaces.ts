import type { Catalog } from './catalog.js';

export const namespaces = {} as const satisfies Catalog;
