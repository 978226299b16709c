import type { stored as catalog } from '../../../spec/operations/stored.js';
import type { WordsOf } from './words-of.js';

export const stored: WordsOf<typeof catalog> = {};
