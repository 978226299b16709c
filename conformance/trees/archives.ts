/** Archives and images for the cases of `tree import`, made by tar and by hand. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { base } from './machine.js';

export const work = `${base}/archives`;

export const sha256 = (bytes: Uint8Array | string): string =>
  createHash('sha256').update(bytes).digest('hex');

/** What stands in a header of tar: POSIX ustar. */
interface Member {
  readonly name: string;
  /** 0 file, 1 hard link, 2 link, 3 character device, 4 block device, 5 directory, 6 FIFO. */
  readonly type?: '0' | '1' | '2' | '3' | '4' | '5' | '6';
  readonly link?: string;
  readonly text?: string;
  readonly mode?: number;
  /** Said, but not there. */
  readonly size?: number;
}

const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, '0')}\0`;

function header({ name, type = '0', link = '', text = '', mode = 0o644, size }: Member): Buffer {
  const block = Buffer.alloc(512);
  const put = (at: number, value: string): void => void block.write(value, at, 'latin1');
  put(0, name);
  put(100, octal(mode, 8));
  for (const at of [108, 116]) put(at, octal(0, 8));
  put(124, octal(size ?? text.length, 12));
  put(136, octal(1_700_000_000, 12));
  put(148, ' '.repeat(8));
  put(156, type);
  put(157, link);
  put(257, 'ustar\x0000');
  if (type === '3' || type === '4') for (const at of [329, 337]) put(at, octal(1, 8));
  put(
    148,
    octal(
      block.reduce((sum, byte) => sum + byte, 0),
      7,
    ),
  );
  return block;
}

/** A tar, byte for byte as it is told. */
export function tarOf(members: readonly Member[]): Buffer {
  const blocks = members.flatMap(member => {
    const text = Buffer.from(member.text ?? '', 'latin1');
    return [header(member), text, Buffer.alloc((512 - (text.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

/** A file among the archives. */
export function put(name: string, bytes: Uint8Array | string): string {
  const path = `${work}/${name}`;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
  return path;
}

export function run(program: string, ...args: readonly string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
}

const LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';

export interface Layout {
  readonly layers: readonly Uint8Array[];
  /** Instead of that of layers. */
  readonly type?: string;
  readonly name?: string;
  /** What the manifest says of each layer, where that is not so. */
  readonly size?: number;
}

/** An OCI layout with these images. */
export function ociLayout(name: string, ...images: readonly Layout[]): string {
  const directory = `${work}/${name}`;
  rmSync(directory, { recursive: true, force: true });
  const blob = (bytes: Uint8Array | string, mediaType: string) => {
    const hex = sha256(bytes);
    put(`${name}/blobs/sha256/${hex}`, bytes);
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
  };
  const manifests = images.map(({ layers, type = LAYER, name: ref, ...said }) => {
    const config = blob('{"rootfs":{}}', 'application/vnd.oci.image.config.v1+json');
    const manifest = {
      schemaVersion: 2,
      config,
      layers: layers.map(layer => ({ ...blob(layer, type), ...said })),
    };
    const one = blob(JSON.stringify(manifest), 'application/vnd.oci.image.manifest.v1+json');
    return ref === undefined ? one : { ...one, annotations: { 'org.opencontainers.image.ref.name': ref } };
  });
  put(`${name}/oci-layout`, '{"imageLayoutVersion":"1.0.0"}');
  put(`${name}/index.json`, JSON.stringify({ schemaVersion: 2, manifests }));
  return directory;
}

/** What `docker save` writes; `ids` instead of the digests of the layers. */
export function dockerArchive(name: string, layers: readonly Uint8Array[], ids?: readonly string[]): string {
  const diff_ids = ids ?? layers.map(layer => `sha256:${sha256(layer)}`);
  const config = JSON.stringify({ rootfs: { type: 'layers', diff_ids } });
  const hex = sha256(config);
  put(`${name}.d/${hex}.json`, config);
  layers.forEach((layer, i) => {
    put(`${name}.d/${i}/layer.tar`, layer);
  });
  const Layers = layers.map((_, i) => `${i}/layer.tar`);
  put(
    `${name}.d/manifest.json`,
    JSON.stringify([{ Config: `${hex}.json`, RepoTags: ['a:1', 'b:1'], Layers }]),
  );
  run('tar', '-C', `${work}/${name}.d`, '-cf', `${work}/${name}`, '.');
  return `${work}/${name}`;
}

export const gzip = (bytes: Uint8Array): Buffer =>
  spawnSync('gzip', ['-n'], { input: bytes, maxBuffer: 1 << 30 }).stdout;
export const textOf = (path: string): string => readFileSync(path, 'utf8');
