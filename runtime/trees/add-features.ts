/** Features as entries of a config.json: everything behind it knows only that. Pure. */
import type { AddedFeature } from '../../spec/environment.js';
import { containerId } from '../../spec/ids.js';
import type { NormalConfig, NormalDevice } from '../../spec/normal-config.js';
import type { NormalMount } from '../../spec/normal-mount.js';
import { treePath, treePlace } from '../../spec/paths.js';
import { normalMount } from '../admit/normal/mounts.js';
import type { FeatureContent, ShownFile, Variables } from './feature-content.js';

/** Comma-separated names. */
export const FEATURES_ANNOTATION = 'org.chos.features';

export const namesIn = (annotation: string | undefined): readonly string[] =>
  (annotation ?? '')
    .split(',')
    .map(name => name.trim())
    .filter(name => name !== '');

const nameOf = (entry: string): string => entry.slice(0, entry.indexOf('=') + 1);

/** The entries of `given` that change, as they are then: `set` first, then each `prepend` before the value that is there. */
export function changedBy({ set, prepend }: Variables, given: readonly string[]): readonly string[] {
  const changed = new Map<string, string>();
  for (const entry of set) changed.set(nameOf(entry), entry);
  for (const entry of prepend) {
    const name = nameOf(entry);
    const before = changed.get(name) ?? given.findLast(other => other.startsWith(name));
    const rest = before?.slice(name.length) ?? '';
    changed.set(name, rest === '' ? entry : `${entry}:${rest}`);
  }
  return [...changed.values()];
}

function bindOf({ source, at, writable, noexec, directory }: ShownFile): NormalMount {
  // As shares are: what cannot be written to is cut off from the host's mounts, which would be writable.
  const access = writable ? ['rw', 'rslave'] : ['rro', 'rprivate'];
  const options = [directory ? 'rbind' : 'bind', ...access, 'nosuid', 'nodev', ...(noexec ? ['noexec'] : [])];
  return normalMount({ destination: at, source, type: 'bind', options });
}

export interface WithFeatures {
  readonly config: NormalConfig;
  /** Variables that they have changed. */
  readonly variables: readonly string[];
  readonly added: readonly AddedFeature[];
}

/** `variables`: those of the registry, which those of config.json replace. */
export function addFeatures(
  config: NormalConfig,
  content: readonly FeatureContent[],
  variables: readonly string[],
): WithFeatures {
  const { process, linux } = config;
  const given = [...variables, ...process.env];
  const mounts = [...config.mounts];
  const devices: NormalDevice[] = [...linux.devices];
  const added: AddedFeature[] = [];
  for (const { feature, files, devices: own, leftOut, set, prepend } of content) {
    const first = { mount: mounts.length, device: devices.length };
    mounts.push(...files.map(bindOf));
    for (const { at, type, major, minor, mode } of own) {
      const place = treePlace(treePath(at));
      // The one of config.json counts.
      if (devices.some(other => other.place === place)) continue;
      const [uid, gid] = [containerId(0), containerId(0)];
      devices.push({ index: devices.length, place, type, major, minor, mode, uid, gid });
    }
    added.push({
      name: feature.name,
      file: feature.file,
      line: feature.line,
      mounts: { from: first.mount, to: mounts.length },
      devices: { from: first.device, to: devices.length },
      variables: [...set, ...prepend].map(entry => nameOf(entry).slice(0, -1)),
      leftOut,
    });
  }
  const changed = changedBy(
    { set: content.flatMap(one => one.set), prepend: content.flatMap(one => one.prepend) },
    given,
  );
  const groups = content.flatMap(one => one.groups.map(id => containerId(id)));
  const { resources } = linux;
  const rules = content
    .flatMap(one => one.devices)
    .map(({ type, major, minor, access }) => ({ allow: true, type, major, minor, access }));
  return {
    config: {
      ...config,
      mounts,
      process: {
        ...process,
        env: [...process.env, ...changed],
        user: {
          ...process.user,
          additionalGids: [...new Set([...process.user.additionalGids, ...groups])],
        },
      },
      linux: {
        ...linux,
        devices,
        // Where there are no rules, all is allowed.
        resources:
          resources.devices.length === 0
            ? resources
            : { ...resources, devices: [...resources.devices, ...rules] },
      },
    },
    variables: changed,
    added,
  };
}
