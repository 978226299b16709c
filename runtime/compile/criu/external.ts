/**
 * What of a container is the host's and not saved with it: its bind mounts, namespaces that it joined, streams that lead outside. When it is saved they get
 * names, and when it is restored, by these names, what config.json and the caller say now. The names are those that runc and crun give.
 */
import { externalNamespaces } from '../../../spec/criu.js';
import type { DumpFacts, MountFact, StreamFact } from '../../../spec/dump-facts.js';
import type { NormalConfig } from '../../../spec/normal-config.js';

/** What CRIU mounts anew, though the host may have it mounted, too. */
const madeAnew: ReadonlySet<string> = new Set(['proc', 'sysfs', 'mqueue', 'devpts']);

/** A directory or file of the host's. What is mounted nowhere on the host is the container's own. */
function isForeign({ device, root, point, type }: MountFact, { hostDevices }: DumpFacts): boolean {
  if (point === '/' || !hostDevices.has(device)) return false;
  return root !== '/' || !madeAnew.has(type);
}

interface Bound {
  /** In the container, as config.json has it. */
  readonly place: string;
  readonly source: string;
}

/** `bundle`: where relative ones begin. */
export const sourceFrom = (bundle: string, source: string): string =>
  source.startsWith('/') ? source : `${bundle}/${source}`;

/** What of config.json may be a bind mount. */
function bound({ mounts, linux }: NormalConfig, bundle: string): readonly Bound[] {
  return [
    ...mounts.flatMap(mount =>
      mount.kind === 'bind' ? [{ place: mount.place, source: sourceFrom(bundle, mount.source) }] : [],
    ),
    ...linux.maskedPaths.map(({ place }) => ({ place, source: '/dev/null' })),
    ...linux.devices.map(({ place }) => ({ place, source: place })),
  ];
}

/** Where the container sees its cgroups. */
const cgroupPlaces = ({ mounts }: NormalConfig): readonly string[] =>
  mounts.flatMap(({ kind, place }) => (kind === 'cgroup' ? [place] : []));

const isCgroup = ({ type }: MountFact): boolean => type === 'cgroup' || type === 'cgroup2';

/** The destinations that may be bind mounts. */
export function boundPlaces(config: NormalConfig): readonly string[] {
  return [...bound(config, '').map(({ place }) => place), ...cgroupPlaces(config)];
}

export interface Foreign {
  readonly external: readonly string[];
  /** Mounts of the host that config.json does not tell of: nobody could mount them again. */
  readonly unknown: readonly string[];
}

export function foreignMounts(config: NormalConfig, facts: DumpFacts): Foreign {
  const names = new Map(boundPlaces(config).map(place => [facts.places.get(place) ?? place, place]));
  const external: string[] = [];
  const unknown: string[] = [];
  for (const mount of facts.mounts) {
    if (!isForeign(mount, facts)) continue;
    const { point } = mount;
    // On v1 there is one for each hierarchy, in a directory of its own.
    const above = point.slice(0, point.lastIndexOf('/'));
    const whole = isCgroup(mount) ? names.get(above) : undefined;
    const name =
      names.get(point) ?? (whole === undefined ? undefined : `${whole}${point.slice(above.length)}`);
    if (name === undefined) unknown.push(point);
    else external.push(`mnt[${point}]:${name}`);
  }
  return { external, unknown };
}

/** A directory of cgroups that is made for the restored container. */
export interface OwnCgroup {
  readonly version: 1 | 2;
  /** Where its hierarchy is mounted. */
  readonly mount: string;
  readonly path: string;
}

/** Cgroups are shown where config.json mounts them; on v1 each hierarchy in a directory of its own. */
function boundCgroups(config: NormalConfig, cgroups: readonly OwnCgroup[]): readonly Bound[] {
  const v1 = cgroups.filter(({ version }) => version === 1);
  return cgroupPlaces(config).flatMap(place =>
    v1.length > 0
      ? v1.map(({ mount, path }) => ({
          place: `${place}${mount.slice(mount.lastIndexOf('/'))}`,
          source: path,
        }))
      : cgroups.map(({ path }) => ({ place, source: path })),
  );
}

export interface Restored {
  /** For CRIU: what is bound in the place of which name. */
  readonly external: readonly string[];
  /** Directories and files of the host that are bound, those above before those below. */
  readonly sources: readonly string[];
}

export function restoredMounts(
  config: NormalConfig,
  bundle: string,
  cgroups: readonly OwnCgroup[],
): Restored {
  const all = [...bound(config, bundle), ...boundCgroups(config, cgroups)];
  const sources = all
    .map(({ source }) => source)
    .filter(source => source !== '/' && !source.startsWith('/dev/'));
  return {
    external: all.map(({ place, source }) => `mnt[${place}]:${source}`),
    sources: [...new Set(sources)].sort(),
  };
}

/** Namespaces that the container joined by path. */
export function foreignNamespaces(config: NormalConfig, { namespaces }: DumpFacts): readonly string[] {
  const types = { network: 'net', pid: 'pid' } as const;
  return (['network', 'pid'] as const).flatMap(type => {
    const how = config.linux.namespaces.get(type);
    if (how === undefined || how === 'new') return [];
    return [`${types[type]}[${namespaces[type]}]:${externalNamespaces[type]}`];
  });
}

/** The terminal of the container is in its own devpts; any other is the host's. */
const isGiven = ({ kind }: StreamFact, hasTerminal: boolean): boolean =>
  kind === 'outside' || (kind === 'terminal' && !hasTerminal);

export function foreignStreams({ streams }: DumpFacts, hasTerminal: boolean): readonly string[] {
  const keys = streams.flatMap(stream =>
    stream !== null && isGiven(stream, hasTerminal) ? [stream.key] : [],
  );
  return [...new Set(keys)];
}

/** The contents of STREAMS_FILE. */
export function streamsText({ streams }: DumpFacts, hasTerminal: boolean): string {
  return JSON.stringify(
    streams.map(stream => {
      if (stream === null) return '';
      const { key, target } = stream;
      return isGiven(stream, hasTerminal) ? key : target;
    }),
  );
}

/** Those of STREAMS_FILE that the caller's take the place of. */
export const isReplaced = (key: string): boolean => /^(pipe:|tty|file)\[/.test(key);

export const isTerminal = (key: string): boolean => key.startsWith('tty[');
