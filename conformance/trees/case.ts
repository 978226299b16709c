/** What the files of cases have in common. */
import * as assert from 'node:assert/strict';
import type { Ran } from './machine.js';

export interface Case {
  readonly name: string;
  /** A reason to skip it is returned. */
  readonly run: () => Promise<string | undefined> | string | undefined;
}

/** Cases in the order in which they are added; a prefix tells whose they are. */
export function caseList(prefix = '') {
  const cases: Case[] = [];
  const test = (name: string, run: Case['run'] | (() => void) | (() => Promise<void>)): void => {
    cases.push({ name: prefix + name, run: run as Case['run'] });
  };
  return { cases, test };
}

/** What a command printed that must succeed. */
export function good(ran: Pick<Ran, 'status' | 'stdout' | 'stderr'>): string {
  assert.equal(ran.status, 0, ran.stderr);
  return ran.stdout;
}

/** An entry of `mounts`. */
export const bind = (source: string, destination: string, ...options: readonly string[]) => ({
  destination,
  type: 'bind',
  source,
  options,
});
