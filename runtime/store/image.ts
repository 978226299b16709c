/** Which layers an image has: OCI layouts (image specification, "Image Layout"), and what `docker save` writes. */

import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { isRecord } from '../../spec/is-record.js';
import { codeOf } from '../host/error-code.js';
import { bad, fileFault, good, type Result } from './fault.js';
import { bytesOf, look, placeIn } from './inside.js';
import type { Archive } from './scan.js';

export const MOST_LAYERS = 1000;
/** Of index, manifest and configuration. */
const MOST_BYTES = 32 << 20;

export interface Image {
  readonly name: string | null;
  /** Of the configuration. */
  readonly digest: string;
  readonly layers: readonly Archive[];
}

/** A directory with an image, and what messages call it. */
export interface Layout {
  readonly directory: string;
  readonly source: string;
}

/** Node's word for this machine to Go's, which images have. */
const architecture = { x64: 'amd64', arm64: 'arm64' }[process.arch as string] ?? process.arch;

function wrong({ source }: Layout, where: string, why: string): Result<never> {
  return bad({ kind: 'bad-image', source, where, why });
}

function open(layout: Layout, path: string): Result<string> {
  const place = placeIn(layout.directory, path, 'follow');
  return place !== null && look(place)?.isFile() ? good(place) : wrong(layout, path, 'there is no such file');
}

/** Whose directory it is may have put a FIFO there since it was looked at. */
function openFile(path: string): number {
  const { O_RDONLY, O_NONBLOCK, O_NOCTTY } = constants;
  return openSync(bytesOf(path), O_RDONLY | O_NONBLOCK | O_NOCTTY);
}

function readJson(layout: Layout, path: string, digest: string | null): Result<unknown> {
  const place = open(layout, path);
  if (place.kind === 'fault') return place;
  const fd = openFile(place.value);
  try {
    if (fstatSync(fd).size > MOST_BYTES) return wrong(layout, path, 'it is larger than 32 MiB');
    const bytes = readFileSync(fd);
    const found = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    if (digest !== null && found !== digest)
      return bad({ kind: 'bad-digest', what: `${layout.source}: ${path}`, wanted: digest, found });
    return good(JSON.parse(bytes.toString('utf8')));
  } catch (error) {
    if (error instanceof SyntaxError) return wrong(layout, path, 'it is not JSON');
    return fileFault('read', place.value, codeOf(error));
  } finally {
    closeSync(fd);
  }
}

const isDigest = (value: unknown): value is string =>
  typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value);
const blobOf = (digest: string): string => `blobs/sha256/${digest.slice('sha256:'.length)}`;
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const listOf = (value: unknown): readonly unknown[] | null => (Array.isArray(value) ? value : null);
const memberOf = (value: unknown, name: string): unknown => (isRecord(value) ? value[name] : undefined);

/** What one image of several is called. */
interface Names {
  /** `docker.io/library/debian:latest`, `debian:latest` and `debian` are one name; of several names each. */
  readonly all: readonly string[];
  /** Of its manifest or configuration: no other has it. */
  readonly digest: string;
}

/** As people write it. */
const familiar = (name: string): string => name.replace(/^(docker\.io\/(library\/)?|localhost\/)/, '');
const waysOf = ({ all, digest }: Names): readonly string[] => [
  digest,
  ...all.flatMap(name => [name, familiar(name)]).flatMap(name => [name, name.replace(/:latest$/, '')]),
];

/** containerd's name, which `docker save` writes too, says more than the tag that the specification has. */
function namesOf(descriptor: unknown): Names {
  const annotation = (name: string): string => textOf(memberOf(memberOf(descriptor, 'annotations'), name));
  const all = [annotation('io.containerd.image.name'), annotation('org.opencontainers.image.ref.name')];
  return { all: all.filter(name => name !== ''), digest: textOf(memberOf(descriptor, 'digest')) };
}

const isIndex = (descriptor: unknown): boolean =>
  /image\.index|manifest\.list/.test(textOf(memberOf(descriptor, 'mediaType')));

/** Of several platforms that of this machine; what says nothing is for all. */
function fits(descriptor: unknown): boolean {
  const platform = memberOf(descriptor, 'platform');
  if (!isRecord(platform)) return true;
  return textOf(platform.os) === 'linux' && textOf(platform.architecture) === architecture;
}

/** What chooses each: a name that no other has, else its digest. An index may have some hundred thousand. */
function shownOf(all: readonly Names[]): readonly string[] {
  const shared = new Set<string>();
  const digests = new Map<string, string>();
  for (const one of all)
    for (const way of waysOf(one)) {
      if ((digests.get(way) ?? one.digest) !== one.digest) shared.add(way);
      digests.set(way, one.digest);
    }
  return all.map(({ all: [first], digest }) =>
    first === undefined || shared.has(familiar(first)) ? digest : familiar(first),
  );
}

/** One of them, by name if one is given. */
function choose<One>(
  { source }: Layout,
  all: readonly One[],
  wanted: string | null,
  namesIn: (one: One) => Names,
): Result<One> {
  const named = all.map(one => ({ one, names: namesIn(one) }));
  const fitting = named.filter(({ names }) => wanted === null || waysOf(names).includes(wanted));
  const [first] = fitting;
  if (first === undefined)
    return bad({
      kind: 'no-image',
      source,
      wanted: wanted ?? '',
      known: shownOf(named.map(one => one.names)),
    });
  // Tags of one image.
  if (fitting.every(({ names }) => names.digest === first.names.digest)) return good(first.one);
  const known = shownOf(fitting.map(({ names }) => names));
  return bad({ kind: 'several-images', source, wanted: wanted ?? '', known });
}

/** Its first name; the one that was asked for if it is one. */
function nameFor({ all, digest }: Names, wanted: string | null): string | null {
  const first = all[0];
  return wanted !== null && wanted !== digest ? wanted : first === undefined ? null : familiar(first);
}

function ociLayers(layout: Layout, manifest: unknown, path: string): Result<readonly Archive[]> {
  const listed = listOf(memberOf(manifest, 'layers'));
  if (listed === null) return wrong(layout, path, 'it has no list of layers');
  if (listed.length > MOST_LAYERS)
    return bad({ kind: 'too-many', what: layout.source, unit: 'layers', most: MOST_LAYERS });
  const layers: Archive[] = [];
  for (const [index, one] of listed.entries()) {
    const digest = memberOf(one, 'digest');
    const type = textOf(memberOf(one, 'mediaType'));
    if (!isDigest(digest)) return wrong(layout, path, `layers[${index}] has no digest of SHA-256`);
    if (!/image\.(layer|rootfs)\..*tar(\+gzip|\+zstd|\.gzip|\.zstd)?$/.test(type))
      return wrong(
        layout,
        path,
        `layers[${index}] is no layer of a file system that can be read, but ${type || 'nothing'}`,
      );
    const place = open(layout, blobOf(digest));
    if (place.kind === 'fault') return place;
    const said = memberOf(one, 'size');
    const found = look(place.value)?.size;
    if (said !== undefined && said !== found)
      return wrong(layout, path, `layers[${index}] has ${found} bytes, not ${said}`);
    layers.push({
      path: place.value,
      what: `${layout.source}: layer ${index + 1} of ${listed.length}`,
      digest,
    });
  }
  return good(layers);
}

export function readOci(layout: Layout, wanted: string | null): Result<Image> {
  const index = readJson(layout, 'index.json', null);
  if (index.kind === 'fault') return index;
  let list = listOf(memberOf(index.value, 'manifests'));
  if (list === null) return wrong(layout, 'index.json', 'it has no list of manifests');
  let name: string | null = null;
  for (let depth = 0; depth < 4; depth++) {
    const chosen = choose(layout, list.filter(fits), depth === 0 ? wanted : null, namesOf);
    if (chosen.kind === 'fault') return chosen;
    name ??= nameFor(namesOf(chosen.value), depth === 0 ? wanted : null);
    const digest = memberOf(chosen.value, 'digest');
    if (!isDigest(digest)) return wrong(layout, 'index.json', 'a manifest has no digest of SHA-256');
    const read = readJson(layout, blobOf(digest), digest);
    if (read.kind === 'fault') return read;
    const inner = listOf(memberOf(read.value, 'manifests'));
    if (isIndex(chosen.value) && inner !== null) {
      list = inner;
      continue;
    }
    const config = memberOf(memberOf(read.value, 'config'), 'digest');
    if (!isDigest(config)) return wrong(layout, blobOf(digest), 'it has no configuration');
    const layers = ociLayers(layout, read.value, blobOf(digest));
    return layers.kind === 'fault' ? layers : good({ name, digest: config, layers: layers.value });
  }
  return wrong(layout, 'index.json', 'its indexes lead too deep');
}

/** What a tar begins with is a name: these are the marks of gzip, zstd, xz and bzip2. */
function isCompressed(path: string): boolean {
  const head = Buffer.alloc(6);
  const fd = openFile(path);
  try {
    readSync(fd, head);
  } finally {
    closeSync(fd);
  }
  return ['1f8b', '28b52ffd', 'fd377a585a00', '425a68'].some(mark => head.toString('hex').startsWith(mark));
}

export function readDocker(layout: Layout, wanted: string | null): Result<Image> {
  const read = readJson(layout, 'manifest.json', null);
  if (read.kind === 'fault') return read;
  const hexOf = (one: unknown): string =>
    /([0-9a-f]{64})(\.json)?$/.exec(textOf(memberOf(one, 'Config')))?.[1] ?? '';
  const names = (one: unknown): Names => ({
    all: (listOf(memberOf(one, 'RepoTags')) ?? []).map(textOf),
    digest: `sha256:${hexOf(one)}`,
  });
  const chosen = choose(layout, listOf(read.value) ?? [], wanted, names);
  if (chosen.kind === 'fault') return chosen;
  const paths = listOf(memberOf(chosen.value, 'Layers'));
  const configPath = textOf(memberOf(chosen.value, 'Config'));
  if (paths === null) return wrong(layout, 'manifest.json', 'it has no list of layers');
  if (paths.length > MOST_LAYERS)
    return bad({ kind: 'too-many', what: layout.source, unit: 'layers', most: MOST_LAYERS });
  // Its name is its digest: HEX.json, or blobs/sha256/HEX.
  const hex = hexOf(chosen.value);
  if (hex === '') return wrong(layout, 'manifest.json', 'Config is not named by its digest');
  const config = readJson(layout, configPath, `sha256:${hex}`);
  if (config.kind === 'fault') return config;
  const ids = listOf(memberOf(memberOf(config.value, 'rootfs'), 'diff_ids')) ?? [];
  if (ids.length !== paths.length)
    return wrong(layout, configPath, `it tells of ${ids.length} layers, manifest.json of ${paths.length}`);
  const layers: Archive[] = [];
  for (const [index, path] of paths.entries()) {
    const place = open(layout, textOf(path));
    if (place.kind === 'fault') return place;
    const digest = ids[index];
    if (!isDigest(digest))
      return wrong(layout, configPath, `rootfs.diff_ids[${index}] is no digest of SHA-256`);
    // It is that of the tar, not of what a packer made of it.
    const known = isCompressed(place.value) ? null : digest;
    layers.push({
      path: place.value,
      what: `${layout.source}: layer ${index + 1} of ${paths.length}`,
      digest: known,
    });
  }
  return good({ name: nameFor(names(chosen.value), wanted), digest: `sha256:${hex}`, layers });
}
