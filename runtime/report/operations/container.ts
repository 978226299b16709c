import type { container as catalog } from '../../../spec/operations/container.js';
import type { WordsOf } from './words-of.js';

export const container: WordsOf<typeof catalog> = {};
