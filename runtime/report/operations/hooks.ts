import type { hooks as catalog } from '../../../spec/operations/hooks.js';
import type { WordsOf } from './words-of.js';

export const hooks: WordsOf<typeof catalog> = {};
