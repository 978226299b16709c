import { type Unsupported, unsupported } from '../../spec/features.js';
import type { Config } from '../../spec/generated/config.js';
import type { Note, ValuePath } from './diagnostic.js';

/**
 * The places in a config that ask for what spec/features.ts has as unsupported.
 * Not here: what the spec itself tells us to ignore (windows, vm, solaris, zos; unknown properties), and what only the
 * host can answer (AppArmor, SELinux, cgroup controllers), which is the compiler's to decide.
 */
const asked: Readonly<Record<Unsupported, (config: Config) => readonly ValuePath[]>> = {
  'user namespaces': config => namespacesOf(config, 'user'),
  'uid and gid mappings': ({ linux = {} }) => [
    ...present(['linux', 'uidMappings'], linux.uidMappings),
    ...present(['linux', 'gidMappings'], linux.gidMappings),
  ],
  'idmapped mounts': ({ mounts = [] }) =>
    mounts.flatMap((mount, index) => [
      ...present(['mounts', index, 'uidMappings'], mount.uidMappings),
      ...present(['mounts', index, 'gidMappings'], mount.gidMappings),
      ...(mount.options ?? []).flatMap((option, position) =>
        /^r?idmap(=|$)/.test(option) ? [['mounts', index, 'options', position]] : [],
      ),
    ]),
  // Even an empty object asks for a group of its own in resctrl.
  intelRdt: ({ linux }) => (linux?.intelRdt === undefined ? [] : [['linux', 'intelRdt']]),
  netDevices: ({ linux }) => present(['linux', 'netDevices'], linux?.netDevices),
  memoryPolicy: ({ linux }) => (linux?.memoryPolicy === undefined ? [] : [['linux', 'memoryPolicy']]),
  SCMP_ACT_NOTIFY: ({ linux }) => {
    const base = ['linux', 'seccomp'];
    const { defaultAction, syscalls = [] } = linux?.seccomp ?? {};
    return [
      ...(defaultAction === 'SCMP_ACT_NOTIFY' ? [[...base, 'defaultAction']] : []),
      ...syscalls.flatMap(({ action }, index) =>
        action === 'SCMP_ACT_NOTIFY' ? [[...base, 'syscalls', index, 'action']] : [],
      ),
    ];
  },
  'run.oci.handler': ({ annotations }) =>
    annotations?.['run.oci.handler'] ? [['annotations', 'run.oci.handler']] : [],
};

/** Notes every row that the config asks for. */
export function checkSupported(config: Config, note: Note): void {
  for (const { feature, why } of unsupported) {
    for (const path of asked[feature](config)) note(path, { kind: 'unsupported', feature, why });
  }
}

function namespacesOf(config: Config, wanted: string): readonly ValuePath[] {
  return (config.linux?.namespaces ?? []).flatMap(({ type }, index) =>
    type === wanted ? [['linux', 'namespaces', index, 'type']] : [],
  );
}

/** The path, if there is something in the list or map; callers in Go write empty ones for none. */
function present(path: ValuePath, value: object | undefined): readonly ValuePath[] {
  return value !== undefined && Object.keys(value).length > 0 ? [path] : [];
}
