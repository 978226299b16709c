/** Titles and failures of operations. */
import type { Operation } from '../../../spec/operations/index.js';
import { placeOf } from '../../program/action.js';
import type { Template } from '../../program/operand.js';
import { cgroups } from './cgroups.js';
import { container } from './container.js';
import { criu } from './criu.js';
import { hooks } from './hooks.js';
import { launch } from './launch.js';
import { namespaces } from './namespaces.js';
import { pins } from './pins.js';
import { process } from './process.js';
import { root } from './root.js';
import { stored } from './stored.js';
import { views } from './views.js';
import { errno, type Shown, type Words } from './words-of.js';

/** Of each wing all its kinds (WordsOf). Not one merged table, which would be made anew at each start: what was looked up is remembered. */
const tables: readonly Readonly<Record<string, unknown>>[] = [
  launch,
  namespaces,
  cgroups,
  process,
  hooks,
  root,
  container,
  stored,
  pins,
  views,
  criu,
];

const rows = new Map<string, Words<Record<never, never>>>();

function rowOf({ kind }: Operation): Words<Record<never, never>> {
  const known = rows.get(kind);
  if (known !== undefined) return known;
  for (const table of tables) {
    // The row of a kind takes the operations of that kind, which the type checker cannot see through the union.
    const row = table[kind] as Words<Record<never, never>> | undefined;
    if (row === undefined) continue;
    rows.set(kind, row);
    return row;
  }
  throw new Error(`no words for ${kind}`);
}

export function titleOf(operation: Operation): string {
  return rowOf(operation).title(operation);
}

/** The whole message of an operation's failure, in which the engine fills in the errno and what else is known only then. */
export function wordsFor(operation: Operation, shown: readonly Shown[]): Template {
  const row = rowOf(operation);
  const message = row.message?.(operation, ...shown) ?? [
    ...(row.fails?.(operation, ...shown) ?? [row.title(operation)]),
    ': ',
    errno,
  ];
  return row.placeless ? message : [...message, placeOf(operation.because)];
}
