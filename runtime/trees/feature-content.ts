/** What features bring to a start on this host: files and devices that are there, and variables. */
import { lstatSync, type Stats } from 'node:fs';
import { codeOf } from '../host/error-code.js';
import { type CdiDevice, type CdiFault, cdiDevice, readCdi } from './cdi.js';
import { type ForeignDirectory, realPath } from './real-path.js';
import type { FeatureFile, RegisteredFeature } from './registry.js';

/** What is wrong with one on this host. Words: runtime/report/feature-text.ts. */
export type ContentFault =
  | CdiFault
  | { readonly kind: 'missing'; readonly path: string; readonly code: string }
  | { readonly kind: 'foreign'; readonly path: string; readonly by: ForeignDirectory }
  /** Neither directory, file nor socket. */
  | { readonly kind: 'not-a-file'; readonly path: string }
  | { readonly kind: 'not-a-device'; readonly path: string };

export interface ShownFile {
  /** On the host, without symlinks. */
  readonly source: string;
  readonly at: string;
  readonly writable: boolean;
  readonly noexec: boolean;
  readonly directory: boolean;
}

export interface ShownDevice {
  readonly at: string;
  readonly type: 'c' | 'b';
  readonly major: number;
  readonly minor: number;
  readonly mode: number;
  readonly access: string;
}

export interface Variables {
  readonly set: readonly string[];
  readonly prepend: readonly string[];
}

export interface FeatureContent extends Variables {
  readonly feature: RegisteredFeature;
  readonly files: readonly ShownFile[];
  readonly devices: readonly ShownDevice[];
  readonly groups: readonly number[];
  /** Optional files and devices that are not there. */
  readonly leftOut: readonly string[];
}

export type Looked =
  | { readonly kind: 'content'; readonly content: readonly FeatureContent[] }
  | { readonly kind: 'fault'; readonly feature: RegisteredFeature; readonly fault: ContentFault };

type Entry =
  | { readonly kind: 'there'; readonly path: string; readonly stat: Stats }
  | { readonly kind: 'fault'; readonly fault: ContentFault };

/** Inside a user namespace root of the host is nobody: the owner of `/` is trusted. */
function isOfRoot({ uid, mode }: ForeignDirectory, prefix: string): boolean {
  return uid !== 0 && (mode & 0o022) === 0 && lstatSync(`${prefix}/`).uid === uid;
}

/** What others than root could exchange for something else is not shown: they would choose what everybody runs. */
function entryAt(path: string, prefix: string): Entry {
  const real = realPath(path, prefix);
  if (real.kind === 'missing') return { kind: 'fault', fault: { kind: 'missing', path, code: real.code } };
  const { foreign } = real;
  if (foreign !== null && !(real.kind === 'at' && isOfRoot(foreign, prefix)))
    return { kind: 'fault', fault: { kind: 'foreign', path, by: foreign } };
  const at = real.kind === 'at' ? real.path : path;
  try {
    return { kind: 'there', path: at, stat: lstatSync(prefix + at) };
  } catch (error) {
    return { kind: 'fault', fault: { kind: 'missing', path, code: codeOf(error) } };
  }
}

function fileAt(
  { path, at, writable, noexec = false }: Omit<FeatureFile, 'optional'> & { readonly noexec?: boolean },
  prefix: string,
): ShownFile | ContentFault {
  const entry = entryAt(path, prefix);
  if (entry.kind === 'fault') return entry.fault;
  const { stat } = entry;
  const directory = stat.isDirectory();
  return directory || stat.isFile() || stat.isSocket()
    ? { source: entry.path, at, writable, noexec, directory }
    : { kind: 'not-a-file', path };
}

/** As glibc's makedev(3). */
const majorOf = (device: number): number => Math.floor(device / 0x100) & 0xfff;
const minorOf = (device: number): number => (device & 0xff) | (Math.floor(device / 0x1000) & 0xfff00);

function deviceAt(path: string, at: string, access: string, prefix: string): ShownDevice | ContentFault {
  const entry = entryAt(path, prefix);
  if (entry.kind === 'fault') return entry.fault;
  const { stat } = entry;
  if (!stat.isCharacterDevice() && !stat.isBlockDevice()) return { kind: 'not-a-device', path };
  const { rdev, mode } = stat;
  return {
    at,
    type: stat.isBlockDevice() ? 'b' : 'c',
    major: majorOf(rdev),
    minor: minorOf(rdev),
    mode: mode & 0o777,
    access,
  };
}

const isFault = (value: object): value is ContentFault => 'kind' in value;
const isMissing = ({ kind }: ContentFault): boolean => kind === 'missing' || kind === 'cdi-unknown';

interface Gathered {
  readonly files: ShownFile[];
  readonly devices: ShownDevice[];
  readonly set: string[];
  readonly groups: number[];
  readonly leftOut: string[];
}

function addCdi(to: Gathered, device: CdiDevice, access: string, prefix: string): ContentFault | null {
  for (const node of device.nodes) {
    const found = deviceAt(node.source, node.path, node.access ?? access, prefix);
    if (isFault(found)) return found;
    to.devices.push(found);
  }
  for (const mount of device.mounts) {
    const found = fileAt(mount, prefix);
    if (isFault(found)) return found;
    to.files.push(found);
  }
  to.set.push(...device.env);
  to.groups.push(...device.groups);
  return null;
}

type Cdi = () => ReturnType<typeof readCdi>;

/** Read when the first feature asks, and once. */
function cdiOf(prefix: string): Cdi {
  let all: ReturnType<typeof readCdi> | null = null;
  return () => {
    all ??= readCdi(prefix);
    return all;
  };
}

function contentOf(feature: RegisteredFeature, cdi: Cdi, prefix: string): FeatureContent | ContentFault {
  const to: Gathered = { files: [], devices: [], set: [], groups: [], leftOut: [] };
  for (const file of feature.files) {
    const found = fileAt(file, prefix);
    if (!isFault(found)) to.files.push(found);
    else if (file.optional && isMissing(found)) to.leftOut.push(file.path);
    else return found;
  }
  for (const { by, name, access, optional } of feature.devices) {
    const known = by === 'cdi' ? cdiDevice(cdi(), name, feature.skipPrograms) : null;
    const found =
      known === null
        ? deviceAt(name, name, access, prefix)
        : 'kind' in known
          ? known
          : addCdi(to, known, access, prefix);
    if (found === null) continue;
    if (!isFault(found)) to.devices.push(found);
    else if (optional && isMissing(found)) to.leftOut.push(name);
    else return found;
  }
  return { ...to, feature, set: [...to.set, ...feature.set], prepend: feature.prepend };
}

/** `prefix`: the root of the host, where it is not ours. */
export function lookAtFeatures(features: readonly RegisteredFeature[], prefix = ''): Looked {
  const cdi = cdiOf(prefix);
  const content: FeatureContent[] = [];
  for (const feature of features) {
    const found = contentOf(feature, cdi, prefix);
    if (isFault(found)) return { kind: 'fault', feature, fault: found };
    content.push(found);
  }
  return { kind: 'content', content };
}

/** The variables alone: no file is looked at but the specifications of CDI. */
export function variablesOf(features: readonly RegisteredFeature[], prefix = ''): Variables {
  const cdi = cdiOf(prefix);
  const named = features.flatMap(({ devices, set, skipPrograms }) => [
    ...devices.flatMap(({ by, name }) => {
      const device = by === 'cdi' ? cdiDevice(cdi(), name, skipPrograms) : null;
      return device === null || 'kind' in device ? [] : device.env;
    }),
    ...set,
  ]);
  return { set: named, prepend: features.flatMap(({ prepend }) => prepend) };
}
