/** `features` of a file of /etc/chos.d. */
import type {
  RegisteredFeatureDevice as ContentDevice,
  RegisteredFeature as ContentFeature,
} from '../../spec/generated/registry.js';
import { isRecord } from '../../spec/is-record.js';
import { checkNames } from '../admit/check-names.js';
import { checkAbsolute, checkEnvironment } from '../admit/check-text.js';
import type { Note, ValuePath } from '../admit/diagnostic.js';
import type { Document } from '../admit/document.js';
import { cleanPath, type FeatureDevice, isTreeName, type RegisteredFeature } from './registry.js';

const properties = {
  feature: ['description', 'files', 'devices', 'set', 'prepend', 'skipPrograms', 'requires', 'conflicts'],
  file: ['path', 'at', 'writable', 'optional'],
  device: ['path', 'cdi', 'access', 'optional'],
} as const;

/** Whatever shape the rest has. */
export function checkFeatureNames(features: unknown, note: Note): void {
  if (!isRecord(features)) return;
  for (const [name, feature] of Object.entries(features)) {
    const at = ['features', name];
    checkNames(feature, { allowed: properties.feature }, at, note);
    if (!isRecord(feature)) continue;
    const { files, devices } = feature;
    for (const [i, file] of (Array.isArray(files) ? files : []).entries())
      checkNames(file, { allowed: properties.file }, [...at, 'files', i], note);
    for (const [i, device] of (Array.isArray(devices) ? devices : []).entries())
      checkNames(device, { allowed: properties.device }, [...at, 'devices', i], note);
  }
}

export function checkPath(path: string, at: ValuePath, note: Note): void {
  checkAbsolute(path, at, note);
  if (path.split('/').includes('..')) note(at, { kind: 'dot-dot' });
}

/** vendor.com/class=name (the specification of CDI). */
const cdiName = /^[^\s/=\p{Cc}]+\/[^\s/=\p{Cc}]+=[^\s=\p{Cc}]+$/u;

function checkDevice({ path, cdi, access = 'rwm' }: ContentDevice, at: ValuePath, note: Note): void {
  if (path === undefined && cdi === undefined) note([...at, 'path'], { kind: 'missing' });
  if (path !== undefined && cdi !== undefined) note([...at, 'cdi'], { kind: 'conflict', property: 'path' });
  if (path !== undefined) checkPath(path, [...at, 'path'], note);
  if (cdi !== undefined && !cdiName.test(cdi))
    note([...at, 'cdi'], { kind: 'wrong-form', form: 'cdi-device' });
  if (!/^[rwm]+$/.test(access)) note([...at, 'access'], { kind: 'wrong-form', form: 'device-access' });
}

function checkFeature(
  { files = [], devices = [], set = [], prepend = [] }: ContentFeature,
  at: ValuePath,
  note: Note,
): void {
  const first = new Map<string, number>();
  files.forEach(({ path, at: inside = path }, i) => {
    checkPath(path, [...at, 'files', i, 'path'], note);
    if (inside !== path) checkPath(inside, [...at, 'files', i, 'at'], note);
    const place = cleanPath(inside);
    const before = first.get(place);
    const property = inside === path ? 'path' : 'at';
    if (place === '/') note([...at, 'files', i, property], { kind: 'root-directory', of: 'tree' });
    if (before !== undefined)
      note([...at, 'files', i, property], { kind: 'duplicate', first: `files[${before}]` });
    else first.set(place, i);
  });
  for (const [i, device] of devices.entries()) checkDevice(device, [...at, 'devices', i], note);
  checkEnvironment(set, [...at, 'set'], note);
  checkEnvironment(prepend, [...at, 'prepend'], note);
}

export function checkFeatures(features: Readonly<Record<string, ContentFeature>>, note: Note): void {
  for (const [name, feature] of Object.entries(features)) {
    // A word in a list with commas, as a tree's is one on a command line.
    if (!isTreeName(name)) note(['features', name], { kind: 'bad-tree-name', of: 'feature' });
    checkFeature(feature, ['features', name], note);
  }
}

function deviceOf({ path, cdi, access = 'rwm', optional = false }: ContentDevice): FeatureDevice {
  return cdi === undefined
    ? { by: 'path', name: cleanPath(path ?? ''), access, optional }
    : { by: 'cdi', name: cdi, access, optional };
}

export function featuresIn(
  features: Readonly<Record<string, ContentFeature>>,
  document: Document,
): readonly RegisteredFeature[] {
  return Object.entries(features).map(([name, feature]) => ({
    name,
    description: feature.description ?? '',
    files: (feature.files ?? []).map(({ path, at = path, writable = false, optional = false }) => ({
      path: cleanPath(path),
      at: cleanPath(at),
      writable,
      optional,
    })),
    devices: (feature.devices ?? []).map(deviceOf),
    set: feature.set ?? [],
    prepend: feature.prepend ?? [],
    skipPrograms: feature.skipPrograms ?? false,
    requires: feature.requires ?? [],
    conflicts: feature.conflicts ?? [],
    file: document.file,
    line: document.place(['features', name]).line,
    diagnose: what => document.diagnose(['features', name], what),
  }));
}
