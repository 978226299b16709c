/**
 * What `skeleton create` wrote, beside the pins (pins.ts):
 *
 *     %2Fchos.json       the skeleton /chos; written when it is complete, and locked by launches on their way in
 *     %2Fchos.closing    the same while it is being removed
 *     %2Fchos@N...       the generations of its pinned namespace: its path counts as the name of a tree
 *
 * and in PUBLIC, where users can read it and keep nobody waiting by a lock:
 *
 *     %2Fchos.json       a copy of it, or %2Fchos.closing
 */
import { lstatSync, statSync } from 'node:fs';
import type { Pin } from '../../spec/environment.js';
import { fileName } from '../../spec/records/names.js';
import { parseSkeleton, type SkeletonRecord } from '../../spec/records/skeleton.js';
import { unlessMissing } from '../host/error-code.js';
import { type BrokenRecord, readRootRecord } from './own-record.js';
import { PINS } from './pins.js';

export type SkeletonState =
  | { readonly kind: 'absent' }
  | { readonly kind: 'closing' }
  | BrokenRecord
  | {
      readonly kind: 'ready';
      readonly file: string;
      readonly stamp: Pin['stamp'];
      readonly record: SkeletonRecord;
    };

export function recordFile(path: string, directory = PINS): string {
  return `${directory}/${fileName(path)}.json`;
}

export function closingFile(path: string, directory = PINS): string {
  return `${directory}/${fileName(path)}.closing`;
}

function timeOf(file: string): bigint | null {
  return unlessMissing(file, () => statSync(file, { bigint: true }).mtimeNs, ['ELOOP']);
}

/** Throws Unreadable: one that cannot be read is not none. */
export function readSkeleton(path: string, directory = PINS): SkeletonState {
  const file = recordFile(path, directory);
  // Before it is read: if another takes its place in between, no launch finds the stamp of this one.
  const written = timeOf(file);
  const read = readRootRecord(file, parseSkeleton);
  if (read.kind === 'broken') return read;
  if (read.kind === 'absent' || written === null) {
    const closing = closingFile(path, directory);
    return { kind: unlessMissing(closing, () => lstatSync(closing)) === null ? 'absent' : 'closing' };
  }
  const stamp = {
    seconds: Number(written / 1_000_000_000n),
    nanoseconds: Number(written % 1_000_000_000n),
  };
  return { kind: 'ready', file, stamp, record: read.record };
}
