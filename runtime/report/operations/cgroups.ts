import type { cgroups as catalog } from '../../../spec/operations/cgroups.js';
import type { WordsOf } from './words-of.js';

export const cgroups: WordsOf<typeof catalog> = {};
