/**
 * The next version of a tree, from its source to its place; nothing names it before it is whole (docs/trees-in.md, "What a crash leaves"). What fails leaves
 * nothing.
 */
import { chmodSync, mkdirSync, renameSync, rmSync, statfsSync, statSync } from 'node:fs';
import { codeOf } from '../host/error-code.js';
import { imageBeside } from '../trees/tree-directory.js';
import { work } from './child.js';
import { removeVersion } from './clear-away.js';
import { removeDevices } from './devices.js';
import { digestOf, fileDigest } from './digest.js';
import { bad, fileFault, good, type Result } from './fault.js';
import { isSquashfs, mountImage } from './image-file.js';
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
import { makePlaces, type Place } from './places.js';
import { type Allowance, MOST_ENTRIES } from './scan.js';
import type { Shared, Sharing } from './share.js';
import { isFile, openSource, type Source, type Steps, sizeOf, type Wanted } from './source.js';
import {
  beginPart,
  bytesInTree,
  forgetUnpacked,
  isUnpacked,
  keepUnpacked,
  placesMade,
  treeIn,
} from './take-up.js';

export interface Making extends Wanted {
  readonly name: string;
  readonly devices: boolean;
  /** Options were given that mean something only for what is unpacked. */
  readonly unpacks: boolean;
  /** Bytes that it may have at most; null: as many as there is room for. */
  readonly limit: number | null;
  readonly steps: Steps;
  /** Mount points that what is unpacked gets where it lacks them. */
  readonly places: readonly Place[];
  /** How what is the same as in the version before is shared with it; null: there is none. */
  readonly share: { readonly before: string; readonly how: Sharing } | null;
}

/** `more`: bytes of what is there and goes. */
function allowanceOf(limit: number | null, more = 0): Allowance {
  const { bavail, bsize } = statfsSync(STORE);
  const bytes = limit ?? bavail * bsize + more;
  return { bytes, limit: bytes, by: limit === null ? 'room' : '--limit', entries: MOST_ENTRIES };
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
    const how = { tree, layered: image !== null, lock: lock.fd, onBytes: steps.read };
    const done = await unpack(scanned, how);
    if (done.kind === 'fault') return done;
  }
  const removed = devices ? good(null) : await removeDevices(tree);
  return interruption.aborted ? interrupted(`unpack \`${making.source}\``) : removed;
}

/** As the archives list them: about as many as there are in the tree. */
const bytesOfFiles = ({ layers }: Source): number =>
  layers.flatMap(({ entries }) => entries).reduce((sum, { size }) => sum + size, 0);

/** The mount points that were made. */
async function takeUpOrUnpack(
  source: Source,
  making: Making,
  lock: Lock,
): Promise<Result<readonly string[]>> {
  const { layers, image } = source;
  const part = partOf(making.name);
  const what = {
    layers: layers.map(({ digest }) => digest),
    layered: image !== null,
    devices: making.devices,
    places: making.places.map(({ path }) => path),
  };
  if (isUnpacked(part, what)) {
    making.steps.begin('taking up what is unpacked', 0);
    return good(placesMade(part));
  }
  forgetUnpacked(part);
  removeAll(treeIn(part));
  const done = await unpackAll(source, treeIn(part), making, lock);
  if (done.kind === 'fault') return done;
  const made = makePlaces(treeIn(part), making.places);
  keepUnpacked(part, what, bytesOfFiles(source), made);
  return good(made);
}

/** koffi is loaded only for it. */
async function shareWith(
  { name, share: asked, steps }: Making,
  tree: string,
  bytes: number,
): Promise<Shared> {
  if (asked === null || asked.how === 'none') return { files: 0, bytes: 0 };
  forgetUnpacked(partOf(name));
  steps.begin('comparing with the version before', bytes);
  const { share } = await import('./share.js');
  return share(tree, asked.before, asked.how, `${partOf(name)}/share`, steps.read);
}

/** A file of its own before it is judged: nobody else can change what is mounted then. */
async function takeImage(making: Making, lock: Lock): Promise<Result<string>> {
  const { name, steps, path, source: what } = making;
  const image = `${partOf(name)}/image`;
  const { size } = statSync(path);
  const { bytes: limit, by } = allowanceOf(making.limit);
  if (size > limit) return bad({ kind: 'too-large', what, limit, by });
  steps.begin('copying', size);
  const copied = await work({
    program: 'cp',
    args: ['--reflink=auto', '--', path, image],
    verb: `copy \`${what}\``,
    hold: [lock.fd],
  });
  if (copied.kind === 'fault') return copied;
  chmodSync(image, 0o600);
  steps.begin('reading', size);
  const digest = await fileDigest(image);
  if (digest.kind === 'fault') return digest;
  if (making.digest !== null && making.digest !== digest.value)
    return bad({ kind: 'bad-digest', what, wanted: making.digest, found: digest.value });
  return digest;
}

/** A squashfs is not unpacked: a whole version from its file. */
async function makeOfImage(making: Making, lock: Lock): Promise<Result<VersionRecord>> {
  const { name, steps } = making;
  if (making.image !== null || making.unpacks)
    return bad({ kind: 'no-source', source: making.source, why: 'mounted' });
  const taken = await takeImage(making, lock);
  if (taken.kind === 'fault') return taken;
  const synced = await syncPart(name, lock);
  if (synced.kind === 'fault') return synced;
  const version = nextVersion(name);
  const place = versionOf(name, version);
  renameSync(`${partOf(name)}/image`, imageBeside(place));
  mkdirSync(place, { mode: 0o755 });
  let whole = false;
  try {
    const mounted = await mountImage(place, [lock.fd]);
    steps.begin('making the digest', 0);
    const most = { entries: MOST_ENTRIES, bytes: making.limit, what: making.source };
    const digest = mounted.kind === 'ok' ? await digestOf(place, { most }) : mounted;
    if (digest.kind === 'fault') return digest;
    const made = { image: null, layers: [taken.value], squashfs: true, places: [], shared: 0 };
    const record = writeRecord(making, version, { ...made, ...digest.value });
    whole = true;
    return good(record);
  } finally {
    if (!whole) removeVersion(name, version);
  }
}

type Made = Pick<
  VersionRecord,
  'image' | 'layers' | 'squashfs' | 'places' | 'shared' | 'digest' | 'entries' | 'bytes'
>;

function writeRecord({ name, source, recipe }: Making, version: number, made: Made): VersionRecord {
  const record = { name, version, source, recipe, ...made, created: new Date().toISOString() };
  const draft = `${homeOf(name)}/part.json`;
  writeWhole(recordOf(name, version), draft, `${JSON.stringify(record, null, 1)}\n`, 0o644);
  syncDirectory(homeOf(name));
  return record;
}

const syncPart = (name: string, lock: Lock): Promise<Result<null>> =>
  work({
    program: 'sync',
    args: ['-f', partOf(name)],
    verb: `write \`${name}\` to the disk`,
    hold: [lock.fd],
  });

async function make(making: Making, lock: Lock): Promise<Result<VersionRecord>> {
  const { name, steps } = making;
  const part = partOf(name);
  const tree = treeIn(part);
  const mounts = isFile(making.source, making.path) && isSquashfs(making.path);
  beginPart(part, making.recipe, !mounts);
  if (mounts) return makeOfImage(making, lock);
  const allowance = allowanceOf(making.limit, bytesInTree(part));
  const source = await openSource(making, allowance, steps, part, lock.fd);
  if (source.kind === 'fault') return source;
  const unpacked = await takeUpOrUnpack(source.value, making, lock);
  if (unpacked.kind === 'fault') return unpacked;
  const bytes = bytesOfFiles(source.value);
  const shared = await shareWith(making, tree, bytes);
  if (interruption.aborted) return interrupted(`update \`${name}\``);
  steps.begin('making the digest', bytes);
  const digest = await digestOf(tree, { onBytes: steps.read });
  if (digest.kind === 'fault') return digest;
  const synced = await syncPart(name, lock);
  if (synced.kind === 'fault') return synced;
  const version = nextVersion(name);
  const { image, layers } = source.value;
  const record = writeRecord(making, version, {
    image: image === null ? null : { name: image.name, digest: image.digest },
    layers: layers.map(layer => layer.digest),
    squashfs: false,
    places: unpacked.value,
    shared: shared.bytes,
    ...digest.value,
  });
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
  } finally {
    removeAll(partOf(name));
    rmSync(`${homeOf(name)}/part.json`, { force: true });
  }
  return made;
}
