/** How newuidmap(1) and newgidmap(1) fail. */
import { MAP_RANGES, type MapProperty } from '../../../spec/id-mappings.js';
import type { Because } from '../../program/action.js';
import { placeOf } from '../../program/action.js';
import type { Field, Template } from '../../program/operand.js';
import { shorten } from './shorten.js';

/** Of a line of theirs; what is longer is cut. */
export const HELPER_SAID_MOST = 500;
/** All that stands around it. */
export const HELPER_WORDS_MOST = 4096 + 300;

export const helperFailed: Template = ['map the ids of the user namespace: '];

/** What stands behind why it failed. */
export function helperHints(
  property: MapProperty,
  because: Because,
): { readonly refused: string; readonly missing: string; readonly place: string } {
  const place = shorten(placeOf(because), 1000);
  return {
    refused: `; a user has the ranges of ${MAP_RANGES[property]}${place}`,
    missing: `, and without it a user maps the own id alone${place}`,
    place,
  };
}

export const helperEnds = {
  late: (path: Field, seconds: number): Template => [path, ` took longer than ${seconds} s and was killed`],
  killed: (path: Field, signal: Field): Template => [path, ' was killed by signal ', signal],
  exited: (path: Field, code: Field): Template => [path, ' ended with exit code ', code],
  notExecuted: (path: Field, why: Field): Template => [path, ' cannot be executed: ', why],
} as const;
