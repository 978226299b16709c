import type { namespaces as catalog } from '../../../spec/operations/namespaces.js';
import type { WordsOf } from './words-of.js';

export const namespaces: WordsOf<typeof catalog> = {};
