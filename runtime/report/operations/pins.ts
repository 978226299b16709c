import type { pins as catalog } from '../../../spec/operations/pins.js';
import type { WordsOf } from './words-of.js';

export const pins: WordsOf<typeof catalog> = {};
