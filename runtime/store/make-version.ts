/**
 * The next version of a tree, from its source to its place; nothing names it before it is whole (docs/trees-in.md, "What a crash leaves"). What fails leaves
 * nothing.
 */
import { chmodSync, mkdirSync, renameSync, rmSync, statfsSync } from 'node:fs';
import { codeOf } from '../host/error-code.js';
import { work } from './child.js';
import { digestOf } from './digest.js';
import { fileFault, good, type Result } from './fault.js';
import { removeAll } from './inside.js';
import { interrupted, interruption } from './interruption.js';
import { unpack } from './layer.js';
import type { Lock } from './lock.js';
import {
  homeOf,
  nextVersion,
  partOf,
  recordOf,
  STORE,
  syncDirectory,
  type VersionRecord,
  versionOf,
  writeWhole,
} from './place.js';
import { type Allowance, MOST_ENTRIES } from './scan.js';
import type { Shared, Sharing } from './share.js';
import { openSource, type Source, type Steps, sizeOf, type Wanted } from './source.js';

export interface Making extends Wanted {
  readonly name: string;
  readonly devices: boolean;
  /** Bytes that it may have at most; null: as many as there is room for. */
  readonly limit: number | null;
  readonly steps: Steps;
  /** How what is the same as in the version before is shared with it; null: there is none. */
  readonly share: { readonly before: string; readonly how: Sharing } | null;
}

function allowanceOf(limit: number | null): Allowance {
  const { bavail, bsize } = statfsSync(STORE);
  const room = bavail * bsize;
  const by = limit === null || limit > room ? 'room' : '--limit';
  const bytes = by === 'room' ? room : (limit ?? room);
  return { bytes, limit: bytes, by, entries: MOST_ENTRIES };
}

async function unpackAll(
  { layers, image }: Source,
  tree: string,
  making: Making,
  lock: Lock,
): Promise<Result<null>> {
  const { steps, devices } = making;
  mkdirSync(tree, { mode: 0o755 });
  chmodSync(tree, 0o755);
  const what = layers.length === 1 ? 'unpacking' : `unpacking ${layers.length} layers`;
  steps.begin(what, sizeOf(layers.map(({ archive }) => archive)));
  for (const scanned of layers) {
    const how = { tree, layered: image !== null, devices, lock: lock.fd, onBytes: steps.read };
    const done = await unpack(scanned, how);
    if (done.kind === 'fault') return done;
  }
  return good(null);
}

/** koffi is loaded only for it. */
async function shareWith({ name, share: asked, steps }: Making, tree: string): Promise<Shared> {
  if (asked === null || asked.how === 'none') return { files: 0, bytes: 0 };
  steps.begin('comparing with the version before', 0);
  const { share } = await import('./share.js');
  return share(tree, asked.before, asked.how, `${partOf(name)}/share`);
}

async function make(making: Making, lock: Lock): Promise<Result<VersionRecord>> {
  const { name, steps } = making;
  const part = partOf(name);
  const tree = `${part}/tree`;
  removeAll(part);
  mkdirSync(part, { mode: 0o700 });
  const source = await openSource(making, allowanceOf(making.limit), steps, part, lock.fd);
  if (source.kind === 'fault') return source;
  const unpacked = await unpackAll(source.value, tree, making, lock);
  if (unpacked.kind === 'fault') return unpacked;
  const shared = await shareWith(making, tree);
  if (interruption.aborted) return interrupted(`update \`${name}\``);
  steps.begin('making the digest', 0);
  const digest = await digestOf(tree);
  if (digest.kind === 'fault') return digest;
  const synced = await work({
    program: 'sync',
    args: ['-f', part],
    verb: `write \`${name}\` to the disk`,
    hold: [lock.fd],
  });
  if (synced.kind === 'fault') return synced;
  const version = nextVersion(name);
  const { image, layers } = source.value;
  const record: VersionRecord = {
    name,
    version,
    source: making.source,
    image: image === null ? null : { name: image.name, digest: image.digest },
    recipe: making.recipe,
    layers: layers.map(layer => layer.digest),
    ...digest.value,
    shared: shared.bytes,
    created: new Date().toISOString(),
  };
  writeWhole(
    recordOf(name, version),
    `${homeOf(name)}/part.json`,
    `${JSON.stringify(record, null, 1)}\n`,
    0o644,
  );
  renameSync(tree, versionOf(name, version));
  syncDirectory(homeOf(name));
  return good(record);
}

export async function makeVersion(making: Making, lock: Lock): Promise<Result<VersionRecord>> {
  const { name } = making;
  let made: Result<VersionRecord>;
  try {
    made = await make(making, lock);
  } catch (error) {
    const at = error instanceof Error && 'path' in error ? String(error.path) : homeOf(name);
    made = fileFault('make', at, codeOf(error));
  }
  removeAll(partOf(name));
  rmSync(`${homeOf(name)}/part.json`, { force: true });
  return made;
}
