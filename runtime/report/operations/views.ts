import type { views as catalog } from '../../../spec/operations/views.js';
import type { WordsOf } from './words-of.js';

export const views: WordsOf<typeof catalog> = {};
