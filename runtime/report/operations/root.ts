import type { root as catalog } from '../../../spec/operations/root.js';
import type { WordsOf } from './words-of.js';

export const root: WordsOf<typeof catalog> = {};
